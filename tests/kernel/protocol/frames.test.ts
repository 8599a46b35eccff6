import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode, toJson } from "../../../kernel/protocol/frames.ts";
import { newHeader } from "../../../kernel/protocol/message.ts";
import { Signer } from "../../../kernel/protocol/signature.ts";
import { jsonObject } from "../jsonArbitrary.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const messages = fc.record({
  header: fc.string({ minLength: 1 }).map((type) => newHeader(type, "session")),
  parent_header: fc.oneof(fc.constant({}), fc.constant(newHeader("execute_request", "client"))),
  metadata: jsonObject,
  content: jsonObject,
  buffers: fc.array(bytes),
});
const identities = fc.array(bytes.filter((identity) => Buffer.from(identity).toString() !== "<IDS|MSG>"));

/** As a socket gives them. */
const received = (frames: (string | Uint8Array)[]) => frames.map((frame) => Buffer.from(frame as string));
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe("a message over the wire", () => {
  test("comes out as it went in, with identities and buffers", () => {
    fc.assert(
      fc.property(messages, identities, fc.constantFrom("", "key"), (message, ids, key) => {
        const frames = received(encode(message, new Signer(key), ids));
        const { message: read, identities: readIds } = decode(frames, new Signer(key));
        const { buffers, ...parts } = read;
        const { buffers: sent, ...sentParts } = message;
        expect(plain(parts)).toEqual(plain(sentParts));
        expect(buffers.map((buffer) => [...buffer])).toEqual(sent.map((buffer) => [...buffer]));
        expect(readIds.map((id) => [...id])).toEqual(ids.map((id) => [...id]));
      }),
    );
  });

  test("that is changed in any bit of what is signed is refused", () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.nat(7), (message, at, bit) => {
        const frames = received(encode(message, new Signer("key")));
        const signed = frames.slice(1, 6).filter((frame) => frame.length > 0);
        const frame = signed[at % signed.length]!;
        frame[at % frame.length]! ^= 1 << bit;
        expect(() => decode(frames, new Signer("key"))).toThrow(/signature/);
      }),
    );
  });

  test("that is cut short anywhere is refused", () => {
    fc.assert(
      fc.property(messages, fc.nat(5), (message, length) => {
        const frames = received(encode(message, new Signer("key"))).slice(0, length);
        expect(() => decode(frames, new Signer("key"))).toThrow(expect.objectContaining({ code: "KERNEL_MESSAGE" }));
      }),
    );
  });

  test("that is heard a second time is refused", () => {
    const signer = new Signer("key");
    const message = { header: newHeader("a", "s"), parent_header: {}, metadata: {}, content: {}, buffers: [] };
    const frames = received(encode(message, signer));
    decode(frames, signer);
    expect(() => decode(frames, signer)).toThrow("second time");
  });

  test("of random frames is refused, or read, but nothing else happens", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes, fc.constant(Buffer.from("<IDS|MSG>")))), (frames) => {
        expect(() => decode(frames, new Signer("key"))).toThrow(expect.objectContaining({ code: "KERNEL_MESSAGE" }));
      }),
    );
  });
});

test("a signature scheme that Node does not know is refused", () => {
  expect(() => new Signer("key", "hmac-sha256")).not.toThrow();
  for (const scheme of ["sha256", "hmac-rot13", ""])
    expect(() => new Signer("key", scheme)).toThrow(expect.objectContaining({ code: "KERNEL_CONNECTION" }));
});

test("a signature is the hex digest that other Jupyter programs make", () => {
  // From Python: hmac.new(b"key", b'{"a":1}' + b"{}" + b"{}" + b"{}", "sha256").hexdigest()
  expect(new Signer("key").sign(['{"a":1}', "{}", "{}", "{}"])).toBe(
    "f1128388193e4dd1aa760827bd756a1b40b627676b5efe22c0e8297919bfa218",
  );
});

test("half of a surrogate pair becomes the replacement character, and nothing else is changed", () => {
  expect(JSON.parse(toJson({ text: "\ude00 ok \ud83d", " \ud800": ["\\ud800", "\\\\ud800", "😀"] }))).toEqual({
    text: "\ufffd ok \ufffd",
    " \ufffd": ["\\ud800", "\\\\ud800", "😀"],
  });
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
      expect(JSON.parse(toJson(texts))).toEqual(texts.map((text) => Buffer.from(text).toString()));
    }),
  );
});
