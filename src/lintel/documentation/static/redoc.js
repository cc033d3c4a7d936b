"use strict";

const container = document.getElementById("documentation");

const systemFont = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

Redoc.init(
  container.dataset.schemaUrl,
  {
    theme: {
      // Redoc's own choice, Montserrat and Roboto, would come from another host.
      typography: { fontFamily: systemFont, headings: { fontFamily: systemFont } },
    },
  },
  container,
);
