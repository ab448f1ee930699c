// Calls one operation by each npm SDK and prints what each made of the reply: one JSON object by the SDK's name, with
// {"reply": ...} or {"error": {"name", "code", "message", "statusCode", "retryAfter"}}.
//
//   node send.js '{"endpoint": "127.0.0.1:8018", "id": "...", "secret": "...", "token": null,
//                  "operation": "SendMessageToGlobe", "parameters": {"To": "6591234567", "Message": "Hello"}}'
'use strict';

const dysms = require('@alicloud/dysmsapi20180501');
const { $OpenApiUtil } = require('@alicloud/openapi-core');
const { RPCClient } = require('@alicloud/pop-core');

const { endpoint, id, secret, token, operation, parameters } = JSON.parse(process.argv[2]);
const credential = { accessKeyId: id, accessKeySecret: secret, securityToken: token };
const lower = (name) => name[0].toLowerCase() + name.slice(1); // as the product's SDK writes names

async function product(more) {
  const client = new dysms.default(new $OpenApiUtil.Config({ ...credential, endpoint, protocol: 'http', ...more }));
  const members = Object.entries(parameters).map(([name, value]) => [lower(name), value]);
  const request = new dysms[`${operation}Request`](Object.fromEntries(members));
  return (await client[lower(operation)](request)).body;
}

const core = (method) =>
  new RPCClient({ ...credential, endpoint: `http://${endpoint}`, apiVersion: '2018-05-01' }).request(operation, parameters, { method });

const SDKS = {
  product: () => product({}),
  'product, V1': () => product({ signatureAlgorithm: 'v2' }),
  'core, GET': () => core('GET'),
  'core, POST': () => core('POST'),
};

async function main() {
  const told = {};
  for (const [name, call] of Object.entries(SDKS)) {
    try {
      told[name] = { reply: await call() };
    } catch (error) {
      const { name: kind, code, message, statusCode, retryAfter } = error;
      told[name] = { error: { name: kind, code, message, statusCode, retryAfter } };
    }
  }
  process.stdout.write(JSON.stringify(told) + '\n', () => process.exit(0)); // their idle connections would keep node running
}

main();
