// A client for services of localsocket, written from docs/wire-format.md alone. Integers beyond 2^53 become BigInt.
"use strict";
const net = require("node:net");

const [GREETING, CALL, NOTIFICATION, REPLY, FAILURE, STREAM, ITEM, END, CREDIT, CANCEL] = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const LETTERS = 0x4c53434b; // "LSCK", where a greeting has its id
const [HEADER, MAX_MESSAGE, WINDOW] = [12, 1 << 20, 1 << 18]; // in bytes; WINDOW: what of a stream may be on its way

function encode(value) {
  if (value === null || value === undefined) return Buffer.of(0xc0);
  if (typeof value === "boolean") return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === "string") return withLength(0xdb, Buffer.from(value));
  if (Buffer.isBuffer(value)) return withLength(0xc6, value);
  if (Array.isArray(value)) return Buffer.concat([length(0xdd, value.length), ...value.map(encode)]);
  const entries = typeof value === "object" && Object.entries(value);
  if (entries) return Buffer.concat([length(0xdf, entries.length), ...entries.flat().map(encode)]);
  const number = Buffer.alloc(9);
  if (!Number.isSafeInteger(value)) return number.writeUInt8(0xcb), number.writeDoubleBE(value, 1), number;
  return number.writeUInt8(0xd3), number.writeBigInt64BE(BigInt(value), 1), number;
}

const length = (type, count) => Buffer.of(type, count >>> 24, count >>> 16, count >>> 8, count);
const withLength = (type, bytes) => Buffer.concat([length(type, bytes.length), bytes]);

function decode(bytes) {
  let at = 0;
  const take = (count) => bytes.subarray(at, (at += count));
  const unsigned = (size) => (size === 8 ? safe(take(8).readBigUInt64BE()) : take(size).readUIntBE(0, size));
  const signed = (size) => (size === 8 ? safe(take(8).readBigInt64BE()) : take(size).readIntBE(0, size));
  const safe = (big) => (Number.isSafeInteger(Number(big)) ? Number(big) : big);
  const list = (count) => Array.from({ length: count }, value);
  const map = (count) => Object.fromEntries(Array.from({ length: count }, () => [value(), value()]));
  const extension = (size) => ({ type: take(1).readInt8(), data: Buffer.from(take(size)) });
  function value() {
    const type = take(1)[0];
    if (type < 0x80) return type;
    if (type >= 0xe0) return type - 0x100;
    if (type < 0x90) return map(type & 15);
    if (type < 0xa0) return list(type & 15);
    if (type < 0xc0) return take(type & 31).toString();
    if (type === 0xc0) return null;
    if (type <= 0xc3) return type === 0xc3;
    if (type <= 0xc6) return Buffer.from(take(unsigned(1 << (type - 0xc4))));
    if (type <= 0xc9) return extension(unsigned(1 << (type - 0xc7)));
    if (type === 0xca) return take(4).readFloatBE();
    if (type === 0xcb) return take(8).readDoubleBE();
    if (type <= 0xcf) return unsigned(1 << (type - 0xcc));
    if (type <= 0xd3) return signed(1 << (type - 0xd0));
    if (type <= 0xd8) return extension(1 << (type - 0xd4));
    if (type <= 0xdb) return take(unsigned(1 << (type - 0xd9))).toString();
    return type <= 0xdd ? list(unsigned(2 << (type - 0xdc))) : map(unsigned(2 << (type - 0xde)));
  }
  return value();
}

function frame(kind, id, body = Buffer.alloc(0), flags = 0) {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(body.length, 0);
  header.writeUInt8(kind, 4);
  header.writeUInt16BE(flags, 6);
  header.writeUInt32BE(id, 8);
  return Buffer.concat([header, body]);
}

class Client {
  static connect(path) {
    return new Promise((resolve, reject) => {
      const client = new Client(net.connect(path), resolve, reject);
      const greeting = { role: "client", max_message: MAX_MESSAGE, stream_window: WINDOW };
      client.socket.write(frame(GREETING, LETTERS, encode(greeting), 1));
    });
  }

  constructor(socket, ready, failed) {
    Object.assign(this, { socket, ready, open: new Map(), lastId: 0, arrived: Buffer.alloc(0) });
    socket.on("data", (data) => this.receive(data));
    socket.on("error", failed).on("close", () => {
      const error = new Error("the service closed the connection");
      for (const call of this.open.values()) call.fail(error);
      failed(error);
    });
  }

  receive(data) {
    this.arrived = Buffer.concat([this.arrived, data]);
    while (this.arrived.length >= HEADER) {
      const end = HEADER + this.arrived.readUInt32BE(0);
      if (end > HEADER + MAX_MESSAGE) return this.socket.destroy();
      if (this.arrived.length < end) return;
      const [kind, id, body] = [this.arrived[4], this.arrived.readUInt32BE(8), this.arrived.subarray(HEADER, end)];
      this.arrived = this.arrived.subarray(end);
      if (kind === GREETING) this.ready(Object.assign(this, { service: decode(body) }));
      else if (kind < 128) this.open.get(id)?.take(kind, body); // an answer to what was cancelled is passed over
    }
  }

  begin(method, args, named, take) {
    do this.lastId = (this.lastId % 0xffffffff) + 1;
    while (this.open.has(this.lastId));
    const id = this.lastId;
    const call = {
      fail: (error) => (this.open.delete(id), take(error)),
      take: (kind, body) => {
        if (kind === FAILURE) {
          const [code, message, parts] = decode(body);
          return call.fail(Object.assign(new Error(message), { code, parts: parts ?? {} }));
        }
        if (kind === REPLY || kind === END) this.open.delete(id);
        take(null, kind, body);
      },
    };
    this.open.set(id, call);
    this.socket.write(frame(CALL, id, encode([method, null, args, named])));
    return id;
  }

  call(method, args = [], named = {}) {
    return new Promise((resolve, reject) => {
      this.begin(method, args, named, (error, kind, body) => (error ? reject(error) : resolve(decode(body))));
    });
  }

  notify(method, args = [], named = {}) {
    this.socket.write(frame(NOTIFICATION, 0, encode([method, null, args, named])));
  }

  async *stream(method, args = [], named = {}) {
    const waiting = [];
    let wake = () => {};
    const id = this.begin(method, args, named, (...event) => (waiting.push(event), wake()));
    try {
      for (;;) {
        while (!waiting.length) await new Promise((resolve) => (wake = resolve));
        const [error, kind, body] = waiting.shift();
        if (error) throw error;
        if (kind === END) return;
        if (kind !== ITEM) continue; // STREAM: items follow
        yield decode(body);
        this.socket.write(frame(CREDIT, id, encode(HEADER + body.length)));
      }
    } finally {
      if (this.open.delete(id)) this.socket.write(frame(CANCEL, id));
    }
  }

  close = () => this.socket.end();
}

module.exports = { Client, decode, encode };
