// An SMSC made of npm's `smpp`, for tests of our client: not ours, so it shares none of our mistakes.
//
//   node smsc.js [--ids decimal|hex|hex-decimal] [--password P] [--receipts yes|no]
//
// It listens on 127.0.0.1, any free port, and prints one JSON line an event; the first is {"event":"listening","port":N}.
// Every submit_sm is taken and delivered; where registered_delivery asks, a receipt leaves 50 ms later, unless told otherwise.
// A query_sm about an id as it was in the response, with the source address of its submit, is answered: delivered. It ends when
// stdin closes.
'use strict';

const smpp = require('smpp');

const RECEIPT_AFTER_MS = 50;
const BINDS = ['bind_transceiver', 'bind_receiver', 'bind_transmitter'];
const options = { ids: 'decimal', password: '', receipts: 'yes' };
for (let at = 2; at + 1 < process.argv.length; at += 2) options[process.argv[at].replace('--', '')] = process.argv[at + 1];

const receivers = new Set();
const taken = new Map(); // source addresses by id, as in the response
let last = 4095; // so that decimal and hexadecimal spellings differ in length from the first id on

const say = (event, more) => process.stdout.write(JSON.stringify({ event, ...more }) + '\n');
const hex = (id) => id.toString(16).toUpperCase();
const inResponse = (id) => (options.ids === 'decimal' ? String(id) : hex(id));
const inReceipt = (id) => (options.ids === 'hex' ? hex(id) : String(id));

const server = smpp.createServer((session) => {
  say('connected', {});
  session.on('error', (error) => say('error', { message: error.message }));
  session.on('close', () => { receivers.delete(session); say('closed', {}); });
  for (const bind of BINDS) session.on(bind, (pdu) => bound(session, bind, pdu));
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('query_sm', (pdu) => queried(session, pdu));
  session.on('enquire_link', (pdu) => { say('enquire_link', {}); session.send(pdu.response()); });
  session.on('deliver_sm_resp', (pdu) => say('deliver_sm_resp', { status: pdu.command_status }));
  session.on('unbind', (pdu) => { say('unbind', {}); session.send(pdu.response(), () => session.close()); });
});

function bound(session, bind, pdu) {
  const wrong = options.password !== '' && pdu.password !== options.password;
  say(bind, { system_id: pdu.system_id, accepted: !wrong });
  session.send(pdu.response(wrong ? { command_status: smpp.ESME_RINVPASWD } : { system_id: 'smsc' }));
  if (!wrong && bind !== 'bind_transmitter') receivers.add(session);
}

function submitted(session, pdu) {
  const id = ++last;
  const message = pdu.short_message || {};
  say('submit_sm', {
    id: inResponse(id),
    source_addr: pdu.source_addr,
    destination_addr: pdu.destination_addr,
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    registered_delivery: pdu.registered_delivery,
    validity_period: String(pdu.validity_period || ''),
    udh: (message.udh || []).map((part) => part.toString('hex')),
    text: typeof message.message === 'string' ? message.message : '',
    payload: pdu.message_payload ? String(pdu.message_payload.message || pdu.message_payload) : '',
  });
  taken.set(inResponse(id), pdu.source_addr);
  session.send(pdu.response({ message_id: inResponse(id) }));
  if (pdu.registered_delivery & 1 && options.receipts === 'yes') setTimeout(() => report(id, pdu), RECEIPT_AFTER_MS);
}

function queried(session, pdu) {
  const { message_id, source_addr, source_addr_ton } = pdu;
  say('query_sm', { message_id, source_addr, source_addr_ton });
  const known = taken.has(message_id) && taken.get(message_id) === source_addr;
  const answer = { message_id, final_date: '261125120000000+', message_state: smpp.MESSAGE_STATE.DELIVERED, error_code: 0 };
  session.send(pdu.response(known ? answer : { command_status: smpp.ESME_RQUERYFAIL }));
}

function report(id, pdu) {
  const [session] = receivers;
  if (!session) return say('no receiver', { id: inReceipt(id) });
  const now = new Date().toISOString().replace(/\D/g, '').slice(2, 12);
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
    short_message: `id:${inReceipt(id)} sub:001 dlvrd:001 submit date:${now} done date:${now} stat:DELIVRD err:000 text:`,
  });
  return say('receipt', { id: inReceipt(id) });
}

server.on('error', (error) => { say('error', { message: error.message }); process.exit(1); });
server.listen(0, '127.0.0.1', () => say('listening', { port: server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume();
