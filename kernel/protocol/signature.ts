import { createHmac, getHashes, timingSafeEqual } from "node:crypto";
import { FlamingoError } from "../../src/core/errors.ts";

/** Signatures that are remembered to refuse a message that is sent again; the older half is then forgotten. */
const remembered = 65_536;

/** Signs what leaves and checks what comes, with the key that the connection file gives to both ends. */
export class Signer {
  readonly #key: string;
  readonly #hash: string;
  readonly #seen = new Set<string>();

  /**
   * @param key empty: nothing is signed, everything is believed
   * @param scheme `hmac-` and a hash that Node knows, as in the connection file
   * @throws FlamingoError KERNEL_CONNECTION for another scheme
   */
  constructor(key: string, scheme = "hmac-sha256") {
    this.#key = key;
    this.#hash = scheme.replace(/^hmac-/, "");
    if (!scheme.startsWith("hmac-") || !getHashes().includes(this.#hash))
      throw new FlamingoError("KERNEL_CONNECTION", `the signature scheme ${scheme} is not known`, {
        expected: "hmac-sha256",
        fix: "start the kernel with a client that signs with hmac-sha256",
      });
  }

  /** @param parts header, parent header, metadata and content, as they are sent */
  sign(parts: readonly (string | Uint8Array)[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#hash, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  /** @throws FlamingoError KERNEL_MESSAGE where the signature is wrong, or came before. */
  verify(signature: string, parts: readonly (string | Uint8Array)[]): void {
    if (this.#key === "") return;
    const [found, expected] = [Buffer.from(signature), Buffer.from(this.sign(parts))];
    if (found.length !== expected.length || !timingSafeEqual(found, expected))
      throw new FlamingoError("KERNEL_MESSAGE", "a message's signature is wrong", {
        fix: "connect with the key of this kernel's connection file",
      });
    if (this.#seen.has(signature)) throw new FlamingoError("KERNEL_MESSAGE", "a message came for the second time");
    this.#seen.add(signature);
    if (this.#seen.size > remembered) this.#forgetOlderHalf();
  }

  #forgetOlderHalf(): void {
    for (const signature of this.#seen) {
      if (this.#seen.size <= remembered / 2) return;
      this.#seen.delete(signature);
    }
  }
}
