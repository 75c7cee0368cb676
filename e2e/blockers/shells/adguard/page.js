import "@adguard/tswebextension/mv3/content-script";
