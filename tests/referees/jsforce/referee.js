// Obeys commands on standard input, one JSON object a line, and answers each with one line.
"use strict";

const readline = require("node:readline");
const jsforce = require("jsforce");

let connection;
const refreshes = [];

const commands = {
  connect({ loginUrl, clientId, clientSecret, redirectUri, version }) {
    connection = new jsforce.Connection({
      loginUrl,
      version,
      oauth2: { loginUrl, clientId, clientSecret, redirectUri, useVerifier: true },
    });
    connection.on("refresh", (accessToken, answer) => {
      refreshes.push(Object.keys(answer).sort());
      connection.refreshToken = answer.refresh_token || connection.refreshToken;
    });
    return null;
  },
  authorizationUrl({ scope, state }) {
    return connection.oauth2.getAuthorizationUrl({ scope, state, code_challenge_method: "S256" });
  },
  authorize({ code }) {
    return connection.authorize(code);
  },
  async query({ soql, batchSize, scanAll }) {
    const headers = { "Sforce-Query-Options": `batchSize=${batchSize}` };
    const result = await connection.query(soql, { headers, scanAll, autoFetch: true, maxFetch: 100000 });
    return result.records;
  },
  describe({ type }) {
    return connection.describe(type);
  },
  describeGlobal() {
    return connection.describeGlobal();
  },
  retrieve({ type, ids, fields }) {
    return connection.retrieve(type, ids, { fields });
  },
  count({ type, conditions }) {
    return connection.sobject(type).count(conditions);
  },
  updated({ type, start, end }) {
    return connection.sobject(type).updated(start, end);
  },
  deleted({ type, start, end }) {
    return connection.sobject(type).deleted(start, end);
  },
  identity() {
    return connection.identity();
  },
  limits() {
    return connection.limits();
  },
  usage() {
    return connection.limitInfo;
  },
  refreshes() {
    return refreshes;
  },
  logout() {
    return connection.logoutByOAuth2(true);
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { command, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[command](given)) ?? null };
  } catch (error) {
    answer = { error: { name: error.name, message: error.message } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
