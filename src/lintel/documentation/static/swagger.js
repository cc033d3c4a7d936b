"use strict";

const container = document.getElementById("documentation");

SwaggerUIBundle({
  domNode: container,
  url: container.dataset.schemaUrl,
  deepLinking: true,
  docExpansion: "list",
  filter: false,
  persistAuthorization: false,
  showCommonExtensions: true,
  tryItOutEnabled: true,
  // The validator badge would send the schema's address to another host.
  validatorUrl: null,
});
