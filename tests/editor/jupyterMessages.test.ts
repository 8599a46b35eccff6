import { createRequire } from "node:module";
import type { KernelMessage } from "@jupyterlab/services";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binaryProtocol,
  type ChannelMessage,
  fromWebSocket,
  toWebSocket,
} from "../../editor/server/jupyter/webSocketMessage.ts";
import { channels, newHeader } from "../../kernel/protocol/message.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { jsonObject } from "../kernel/jsonArbitrary.ts";

/** The real client's own reading and writing. */
const client = createRequire(import.meta.url)("@jupyterlab/services/lib/kernel/serialize") as {
  serialize(message: KernelMessage.IMessage, protocol: string): string | ArrayBuffer;
  deserialize(data: string | ArrayBuffer, protocol: string): KernelMessage.IMessage;
};

const message: fc.Arbitrary<ChannelMessage> = fc
  .record({
    channel: fc.constantFrom(...channels),
    metadata: jsonObject,
    content: jsonObject,
    answers: fc.boolean(),
    buffers: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
  })
  .map(({ channel, answers, ...rest }) => {
    const header = newHeader("comm_msg", "session");
    return { channel, message: { header, parent_header: answers ? newHeader("x", "session") : {}, ...rest } };
  });

/** What both sides hold, in one form. */
function plain({ channel, message: { header, parent_header, metadata, content, buffers } }: ChannelMessage) {
  return { channel, header, parent_header, metadata, content, buffers: buffers.map((buffer) => [...buffer]) };
}

function plainOfClient(read: KernelMessage.IMessage) {
  const { channel, header, parent_header, metadata, content, buffers = [] } = read;
  const bytes = buffers.map((buffer) => [...new Uint8Array((buffer as DataView).buffer)]);
  return { channel, header, parent_header, metadata, content, buffers: bytes };
}

describe.each([
  ["the older protocol", ""],
  ["the binary protocol", binaryProtocol],
])("in %s", (_, protocol) => {
  test("the client reads what we write", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const data = toWebSocket(sent, protocol);
        const received = typeof data === "string" ? data : new Uint8Array(data).buffer;
        expect(plainOfClient(client.deserialize(received, protocol))).toEqual(plain(sent));
      }),
    );
  });

  test("we read what the client writes", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const buffers = sent.message.buffers.map((buffer) => new Uint8Array(buffer).buffer);
        const given = { channel: sent.channel, ...sent.message, buffers } as unknown as KernelMessage.IMessage;
        const data = client.serialize(given, protocol);
        expect(plain(fromWebSocket(typeof data === "string" ? data : new Uint8Array(data), protocol))).toEqual(
          plain(sent),
        );
      }),
    );
  });

  test("what is none is refused, however it is broken", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(), (sent, at, value) => {
        const whole = Buffer.from(toWebSocket(sent, protocol));
        const cut = whole.subarray(0, at % whole.length);
        expect(refusalOf(() => fromWebSocket(protocol ? cut : cut.toString(), protocol)).code).toBe("KERNEL_MESSAGE");
        whole[at % 48] = value % 256; // in the table of offsets: read as something else, or refused
        if (protocol) {
          try {
            fromWebSocket(whole, protocol);
          } catch (error) {
            expect(error).toMatchObject({ code: "KERNEL_MESSAGE" });
          }
        }
      }),
    );
  });
});

test("a table of parts that claims too much is refused before anything is made for it", () => {
  const claims = Buffer.alloc(64);
  claims.writeBigUInt64LE(2n ** 60n);
  expect(refusalOf(() => fromWebSocket(claims, binaryProtocol)).code).toBe("KERNEL_MESSAGE");
  claims.writeUInt32BE(2 ** 32 - 1);
  expect(refusalOf(() => fromWebSocket(claims, "")).code).toBe("KERNEL_MESSAGE");
});
