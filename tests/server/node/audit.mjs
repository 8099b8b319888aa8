// Prints how the service at a URL passes the audits of GraphQL over HTTP, as JSON: node audit.mjs URL
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
