"""The words by which names of people are told from others, in lower case."""

# Given names common in Switzerland, its neighbours and the English-speaking world, and among those who work there.
GIVEN = frozenset(
    """
    aaron abdullah abigail achim ada adam adela adele adelheid adil adnan adolf adrian adriana adrien agata
    agnes agnieszka ahmad ahmed ahmet aisha ajay akira alain alan alba albert alberto albin aldo alejandra
    alejandro aleksandar aleksandra alessandra alessandro alessia alessio alex alexander alexandra alexandre
    alexia alexis alfons alfred alfredo ali alice alicia alina aline alison alois alva amal amanda amandine amar
    amber amelia amelie amina amir amit amy ana anastasia anaïs andi andrea andreas andrej andrew andrey andrzej
    andré andy angela angelika angelo angélique anika anil anita anja anke ann anna annabelle anne anneliese
    annemarie annette annick annie annika anouk ansgar anthony antoine anton antonella antonia antonio anup aram
    arash arben archana aria ariane arianna arjun armin arnaud arne arno arnold arthur arturo ashley asim astrid
    athena aurelia aurora aurélie austin ava axel ayla aylin ayse ayşe aziz babette barbara bart bartek basil
    bastian bastien beat beate beatrice beatrix beatriz ben benedikt benjamin benoit benoît bernadette bernard
    bernd bernhard berta berthold besim bettina betty beverly bianca billy birgit björn bob bobby bogdan boris
    bradley brandon brenda brian brigitte britta brittany bruce bruno bryan burak burkhard béatrice caleb camila
    camilla camille can carina carl carla carlo carlos carmen carol carole carolin carolina caroline carolyn
    carsten cassandra catarina catherine cathrin cecilia celia celine chantal charles charlotte cheng cherif
    cheryl chiara chloe chloé chris christa christel christelle christian christiane christina christine
    christof christoph christophe christopher cindy claire clara claudia claudine claudio claus clemens clémence
    clément colette colin constantin corina corinne cornelia cosima craig cristian cristina cynthia cyril cécile
    céline dagmar damian damien dan dana daniel daniela daniele daniella danielle danilo danny daria dario darko
    dave david debora deborah debra denis denise dennis derek desmond detlef diana diane didier diego dieter
    dietmar dimitri dina dirk dominic dominik dominique donald donna doris dorothea dorothee dorothy douglas
    dragan driton duncan durim dylan dörte ebru eckhard edgar edith edoardo eduard eduardo edward edwin egon
    eileen ekaterina elena eleonora elia eliane elias elif elijah elin elisa elisabeth elise elizabeth elke ella
    ellen elliot elmar elodie elsa elsbeth elvira emanuel emanuela emil emilia emilie emilio emily emine emma
    emmanuel emre enrico enzo eric erica erich erik erika ernest ernst erwin estelle esther ethan eugen eugene
    eva evelyn evelyne evgenia ewa fabian fabienne fabio fabrice fabrizio fadi fatima fatma fatmir federica
    federico felicitas felipe felix ferdinand fernanda fernando filip filippo finn fiona flavia flavio flora
    florence florian frances francesca francesco francine francis francisco franck frank franz franziska
    françois françoise fred freddy frederic frederick frederik friederike friedrich fritz frédéric gabi gabriel
    gabriela gabriele gabriella gaby gael gaetano gareth gary gaël geneviève geoffrey georg george georges
    georgia georgina gerald gerard gerda gerhard gerlinde gernot gert gertrud gianluca gianna gianni gilbert
    gilles gina giorgia giorgio giovanna giovanni gisela giulia giuseppe gloria goran gottfried grace grażyna
    greg gregor gregory grzegorz gudrun guido guillaume guillermo gunnar gunther gustav gustavo guy gérard
    günter günther hakan halil hamid hamza hanna hannah hannelore hannes hans hansjörg hanspeter hansruedi
    harald harold harry hartmut haruki hasan hassan hatice heather hector hedwig heidi heike heiko hein heiner
    heinrich heinz helen helena helene helga helmut hendrik henri henriette henrik henry herbert heribert
    hermann herta hervé hilda hildegard holger horst howard hubert hugo huguette hussein hélène ian ibrahim ida
    ignaz igor ilaria ilona ilse imran ina ines inga inge ingeborg ingo ingrid inès ioana irena irene irina iris
    irma isaac isabel isabell isabella isabelle ismail ismet ivan ivana ivo iwona jack jacky jacob jacqueline
    jacques jakob jakub jamal james jamie jan jana jane janet janice janina janine janos jasmin jasmine jason
    javier jean jeanette jeanne jeannette jeff jeffrey jelena jennifer jenny jens jeremias jeremy jerry jesse
    jessica jesús jill jim jimmy joachim joan joana joanna joanne joaquin jochen joe joel joelle joerg johan
    johann johanna johannes john johnny jolanda jon jonas jonathan jordan jorge jose josef josefine joseph
    josephine joshua josé joyce juan juana judith judy jules julia julian juliana juliane julie julien juliette
    julio julius justin jutta jérémy jérôme jörg jürg jürgen kai kamal kamil karen karim karin karina karl karla
    karol karolina karsten kaspar katarina katarzyna kate katharina katherine kathleen kathrin kathryn kathy
    katia katja katrin kay kayla keith kelly kemal ken kenji kenneth kerstin kevin khaled kilian kim kimberly
    kirsten klara klaus konrad konstantin kristian kristin kristina krisztina krystyna krzysztof kumar kurt kyle
    lara larissa larry lars laszlo laura laure lauren laurence laurent laurenz lawrence lea leah leila lena leo
    leon leonard leonardo leonhard leonie leopold leslie leyla liam lilian liliana liliane lilli lilly lina
    linda lionel lisa liselotte livia logan lorena lorenz lorenzo lori loris lothar lou louis louisa louise loïc
    luana luc luca lucas lucia luciano lucie lucien ludovic ludwig luigi luis luisa luise luka lukas lukasz luke
    luna lydia lynn léa léo maciej madeleine madison magali magdalena mahmoud maike maja malik malte manfred
    manfredo manon manuel manuela marc marcel marcello marcin marco marcus mareike margaret margareta margarethe
    margarita margherita margit margot margrit maria mariam marian mariana marianne marie marija marilyn marina
    mario marion marisa marissa marius mark marko markus marlene marlies marta martha marthe martin martina
    martine marvin mary maryam mason mateo mateusz mathias mathieu mathilde mathis matias matteo matthew
    matthias matthieu maurice mauricio maurizio maxime maximilian maya megan mehdi mehmet meike melanie melina
    melissa mercedes meret michael michaela michal michel michela michele micheline michelle michèle miguel mike
    mikhail mila milan milena milica milos mina miriam mirjam mirjana mirko miroslav mohamed mohammad mohammed
    moira monica monika monique moritz moses muhammad murat murielle mustafa myriam mélanie nabil nadia nadine
    nadja nancy naomi natacha natalia natalie natascha natasha nathalie nathan nathaniel neil nele nenad
    nicholas nick nicola nicolas nicole nicoletta nicolò niels nigel nikita niklas nikola nikolai nikolaos
    nikolas nils nina noah noel noemi nora norbert norma noémie noëlle nuria odile oksana olaf oleg olena olga
    oliver olivia olivier omar orhan orlando oscar oskar osman othmar otto pablo pamela paola paolo pascal
    pascale patricia patrick patrik patrizia paul paula pauline pavel paweł pedro peggy penelope petar peter
    petra phil philip philipp philippa philippe phoebe pia pierre pierrette piotr pirmin priya rachel rachid
    radovan raffaele rahel rahul rainer raj rajesh ralf ralph ramon ramona randy raoul raphael raphaël rashid
    raul raymond rebecca rebekka regina regine regula reinhard reinhold remo renata renate renato rené renée
    reto ricarda ricardo riccardo richard rita robert roberta roberto robin rodrigo roger roland rolf romain
    roman romana romina romy ron ronald ronja rosalie rosemarie roswitha roy ruben rudi rudolf ruedi russell
    ruth ryan sabina sabine sabrina salim salvatore sam samantha samir samira samuel sandra sandrine sandro
    sanjay sara sarah sascha saskia scott sean sebastian sebastiano sebastien selim selina serge sergei sergej
    sergio severin shannon sharon shaun shawn sheila shirley sibylle siegfried sigrid silke silvan silvana
    silvia silvio simon simona simone simonetta slavica slobodan sofia sofie solène sonia sonja sophia sophie
    stefan stefania stefanie stefano steffen stella stephan stephanie stephen steve steven stuart stéphane
    stéphanie sunil susan susana susann susanna susanne suzanne sven svenja svetlana sylvain sylvia sylvie
    sébastien sönke sören tamara tania tanja tara tariq tatiana tatjana ted teresa terry tessa thea theo theodor
    theres theresa thierry thilo thomas thorsten thérèse tiago tiffany till tilo tim timo timothy timothée tina
    tobias tom tomas tomasz tommaso tommy toni tony torsten traudel tristan tyler ueli ugo uli ulla ulrich
    ulrike urs ursina ursula ursule ute uwe valentin valentina valentino valeria valerie valérie vanessa vera
    verena veronica veronika vesna victoria viktor viktoria vincent vincenzo viola violeta virginia virginie
    vito vittoria vladimir vreni vroni véronique walter waltraud wanda wayne wendy werner wesley wiebke wieland
    wilfried wilhelm wilhelmina willi william willie willy wojciech wolf wolfgang xavier yann yannick yasin
    yasmin yasmine yusuf yvan yves yvette yvonne zachary zeynep zoe zoltan zora zoran zoé zuzanna ágnes álvaro
    émilie éric étienne ömer özgür
    """.split()
)

# Also words, places, months, products: evidence of a name only with more beside it.
AMBIGUOUS = frozenset(
    """
    ada alexis alma amal amar amber angela april aria art athena august aurora austin bart basil beat beverly
    bill brandon can carmen carol chance charlotte chelsea chris christian dale dan darwin dean diana dominique
    don drew earl ernst faith flora florence frank gene georgia glen gloria grace grant guy hamilton hans harry
    hope hugo iris ivy jack jade jan jana jasmin jasmine jean jenkins jordan joy june justin kai kay kelly kim
    kyle lance lara lawrence leo logan lou lucia lucky luna lynn mac madeleine madison margarita marina mark
    mason max may maya melody mercedes miles moses nick nova olive oscar paris pat paul penny phoenix randy ray
    rich robin rocky roman rose ruby russell rusty ruth sandy scala sierra skip sky stella sterling steward sue
    summer sunny sydney ted teller terry till tony tyler victoria viola violet virginia wade wanda warren wayne
    will wolf xavier
    """.split()
)

TITLES = frozenset(
    """
    mr mrs ms miss mx sir madam dr prof herr herrn frau hr fr dipl ing lic med phil m mme mlle monsieur madame
    mademoiselle maître docteur professeur doktor professor signor signora sig
    """.split()
)
PARTICLES = frozenset("von van de der den del della di da du des la le zu zum zur ten ter dos el al bin ibn st".split())
NEVER_FIRST = frozenset("der den des zum zur".split())
BEFORE_PLACES = frozenset("san santa saint sankt st são monte los las port fort mount lake".split())

# Nouns that German writes with a capital beside a name in questions to a company's assistant, and words of greetings.
NOT_NAMES = frozenset(
    """
    all alle allen anspruch anrecht antrag arbeit arbeitsplatz arbeitszeit arzt aufgabe auftrag ausweis auto
    badge bank bericht bescheid besuch bewilligung bonus brief büro chef chefin computer damen daten dienst
    dokument eintritt einsatz eltern ende erlaubnis everybody everyone fall familie fehler ferien ferientag
    feierabend firma folks formular frage freitag freigabe fristen gast gehalt geld gerät geschäft geschenk
    gesuch gruss grüsse handy haus hilfe homeoffice info jahr jahre job kasse kind kinder klient kollege
    kollegen kollegin kolleginnen konto kontakt kopie kosten kunde kunden kündigung laptop leute lohn mail
    mandat meeting mitarbeiter mittwoch monat montag morgen name nachricht nummer ordner ort passwort pause
    pensum person personal plan platz post praktikum problem projekt punkt recht rechnung regel reise sache
    schlüssel sekretariat server sitz spesen stelle steuer stunde stunden support system tag tage team telefon
    termin ticket tisch uhr unfall urlaub vertrag vorgesetzte vorgesetzter welt woche wochen world zeit zeugnis
    ziel zimmer zugang zugriff zusage zusammen zutritt there sirs team guys friends colleagues direktor
    direktorin präsident präsidentin président directeur directrice ministre minister kanzler bundesrat
    bundesrätin january february march april june july august september october november december januar februar
    märz mai juni juli oktober dezember monday tuesday wednesday thursday friday saturday sunday dienstag
    donnerstag samstag sonntag bot cloud excel google jira kubernetes linux microsoft office outlook python
    redis sharepoint windows word
    """.split()
)
