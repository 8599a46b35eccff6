import fc from "fast-check";

/** Changes to what is valid: what a disk, a network, another program or an attacker makes of it. */

const oddNumbers = [-1, 0, 1.5, 2 ** 31, 2 ** 53, 1e308, -0];
const oddTexts = [
  "",
  "\0",
  "__proto__",
  "constructor",
  "../..",
  "\ud800",
  "🦩",
  "NaN",
  "<image>",
  "%00",
  "a".repeat(3000),
];
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, [], {}, ...oddNumbers, ...oddTexts),
  fc.constantFrom(50, 800).map(nested),
  fc.jsonValue({ maxDepth: 2 }),
);

function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

/** Bytes like these, with a few of them flipped, cut, doubled, or put elsewhere. */
export function mutatedBytes(from: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    kind: fc.constantFrom("flip", "set", "cut", "remove", "insert", "double", "swap"),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    to: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x7b, 0x2c, 0x0a),
  });
  return fc
    .tuple(fc.constantFrom(...from), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => {
      return changes.reduce<Uint8Array>((now, { kind, at, to, byte }) => {
        const [first, last] = [at, to].map((share) => Math.floor(share * now.length)).sort((a, b) => a - b) as [
          number,
          number,
        ];
        const [before, within, after] = [now.subarray(0, first), now.subarray(first, last), now.subarray(last)];
        switch (kind) {
          case "flip":
            return now.map((value, index) => (index === first ? value ^ (1 << (byte & 7)) : value));
          case "set":
            return now.map((value, index) => (index === first ? byte : value));
          case "cut":
            return before;
          case "remove":
            return Buffer.concat([before, after]);
          case "insert":
            return Buffer.concat([before, new Uint8Array(1 + Math.floor(to * 8)).fill(byte), within, after]);
          case "double":
            return Buffer.concat([before, within.subarray(0, 4096), within, after]);
          default:
            return Buffer.concat([after, before, within]);
        }
      }, bytes);
    });
}

/** JSON texts that no program would write, and that must not use up the stack or the memory. */
const hugeValues = [
  `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
  `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
  `{"${"k".repeat(3_000_000)}":1}`,
];

/** JSON text like this, with one of its values nested deep, or with a key of megabytes. */
export function hugeJson(...from: string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...from), fc.nat(), fc.constantFrom(...hugeValues)).map(([text, at, huge]) => {
    const values = [...text.matchAll(/(?<=:\s*)("(?:[^"\\]|\\.)*"|[\w.+-]+)(?=\s*[,}])/g)];
    const value = values[at % Math.max(1, values.length)];
    if (!value) return huge;
    return text.slice(0, value.index) + huge + text.slice(value.index + value[0].length);
  });
}

/** Text like this, changed byte by byte, so that it may be no proper text any more. */
export function mutatedText(...from: string[]): fc.Arbitrary<string> {
  return fc.oneof(
    mutatedBytes(from.map((text) => Buffer.from(text))).map((bytes) => Buffer.from(bytes).toString()),
    fc.tuple(fc.constantFrom(...from), fc.nat(), fc.constantFrom(...oddTexts)).map(([text, at, odd]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + odd + text.slice(place);
    }),
  );
}

/** A JSON value like this, in which a few parts are something else, missing, or called otherwise. */
export function mutatedJson(...from: unknown[]): fc.Arbitrary<unknown> {
  const change = fc.record({
    kind: fc.constantFrom("replace", "replace", "remove", "add", "rename"),
    way: fc.array(fc.nat(), { minLength: 1, maxLength: 7 }),
    value: oddValue,
    name: fc.constantFrom(...oddTexts),
  });
  return fc
    .tuple(fc.constantFrom(...from), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([value, changes]) => {
      return changes.reduce<unknown>((now, { kind, way, value: odd, name }) => {
        const copy: unknown = structuredClone(now);
        let parent = copy;
        for (const [depth, step] of way.entries()) {
          if (typeof parent !== "object" || parent === null) return odd;
          const keys = Object.keys(parent);
          const key = keys[step % Math.max(1, keys.length)];
          const child = key === undefined ? undefined : (parent as Record<string, unknown>)[key];
          if (depth < way.length - 1 && typeof child === "object" && child !== null) {
            parent = child;
            continue;
          }
          change1(parent as Record<string, unknown>, kind, key, odd, name);
          return copy;
        }
        return copy;
      }, value);
    });
}

function change1(
  parent: Record<string, unknown>,
  kind: string,
  key: string | undefined,
  odd: unknown,
  name: string,
): void {
  const set = (field: string, value: unknown) =>
    Object.defineProperty(parent, field, { value, enumerable: true, configurable: true, writable: true });
  if (Array.isArray(parent) && (kind === "add" || key === undefined)) parent.push(odd);
  else if (kind === "add" || key === undefined) set(name || "x", odd);
  else if (kind === "replace") set(key, odd);
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else {
    const value = parent[key];
    delete parent[key];
    if (kind === "rename") set(name || "x", value);
  }
}
