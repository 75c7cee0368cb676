// AdGuard's engine with the filter that its extension switches on first, Base (which holds EasyList).
import { FilterListPreprocessor, MESSAGE_HANDLER_NAME, TsWebExtension } from "@adguard/tswebextension/mv3";

const none = FilterListPreprocessor.createEmptyPreprocessedFilterList();
const engine = new TsWebExtension("/war/redirects");
const answer = engine.getMessageHandler();

chrome.runtime.onMessage.addListener((message, sender, respond) => {
  if (message?.handlerName !== MESSAGE_HANDLER_NAME) return;
  answer(message, sender).then(respond);
  return true;
});

const configuration = {
  staticFiltersIds: [2],
  customFilters: [],
  quickFixesRules: { ...none, trusted: false },
  userrules: { ...none, trusted: true },
  allowlist: [],
  trustedDomains: [],
  filtersPath: "filters",
  ruleSetsPath: "filters/declarative",
  declarativeLogEnabled: false,
  settings: {
    filteringEnabled: true,
    allowlistEnabled: true,
    allowlistInverted: false,
    collectStats: false,
    debugScriptlets: false,
    stealthModeEnabled: false,
    assistantUrl: "",
    gpcScriptUrl: "",
    hideDocumentReferrerScriptUrl: "",
    stealth: {
      selfDestructFirstPartyCookies: false,
      selfDestructFirstPartyCookiesTime: 0,
      selfDestructThirdPartyCookies: false,
      selfDestructThirdPartyCookiesTime: 0,
      hideReferrer: false,
      hideSearchQueries: false,
      blockChromeClientData: false,
      sendDoNotTrack: false,
      blockWebRTC: false,
    },
  },
};
engine.initStorage().then(() => engine.start(configuration));
