import fc from "fast-check";

/** An object as JSON holds it. A field `__proto__` is left out where messages are read, so that none can change a prototype. */
export const jsonObject: fc.Arbitrary<Record<string, unknown>> = fc
  .dictionary(fc.string(), fc.jsonValue())
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('"__proto__"', '"proto"')));
