// Serves `emulate`'s Slack on a free port of loopback until standard input ends; prints its address.
// The package has no way to subscribe to Slack's events but its inner dispatcher, which is taken hold of here.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [dist, seed] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(dist, name)).href);

const inner = readdirSync(dist).find((name) => /^dist-.*\.js$/.test(name) && readFileSync(join(dist, name), "utf8").includes("  slackPlugin\n"));
const { slackPlugin } = await load(inner);
const register = slackPlugin.register;
let webhooks, emulator;
slackPlugin.register = (app, store, dispatcher, ...rest) => {
  webhooks = dispatcher;
  app.post("/_reset", async (c) => {
    const url = await c.req.text();
    emulator.reset();
    webhooks.register({ url, events: ["*"], active: true, owner: "slack" });
    return c.text("");
  });
  register(app, store, dispatcher, ...rest);
};

const { createEmulator } = await load("api.js");
emulator = await createEmulator({ service: "slack", port: 0, seed: JSON.parse(seed) });
console.log(emulator.url.replace("localhost", "127.0.0.1"));
process.stdin.resume().on("end", () => process.exit(0));
