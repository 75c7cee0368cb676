// eyeo's engine with the one list that Adblock Plus and AdBlock switch on for English readers.
importScripts("ewe-api.js", "subscriptions.js");

EWE.start({
  name: "shell",
  version: "1.0",
  bundledSubscriptions: BUNDLED,
  bundledSubscriptionsPath: "lists",
}).then(() => EWE.subscriptions.add(BUNDLED[0].url));
