/** Something that stands in place of a part of a text. */
interface Edit {
  /** Where the part starts, and how long it was. */
  at: number;
  removed: number;
  inserted: number;
  isCallee: boolean;
}

/** Changes a text from its start to its end, and keeps its source map true. No edit adds or removes a line. */
export class Rewriter {
  readonly #text: string;
  readonly #edits: Edit[] = [];
  #out = "";
  #cursor = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Puts text before a position. */
  insert(at: number, text: string): void {
    this.#copyTo(at);
    this.#out += text;
    this.#edits.push({ at, removed: 0, inserted: text.length, isCallee: false });
  }

  /**
   * Puts text in place of a part; its line breaks stay.
   * @param isCallee whether it is what is called. An error in a call is told of where its callee begins, and that of a
   *   callee that is no name where its arguments begin.
   */
  replace(start: number, end: number, text: string, isCallee = false): void {
    this.#copyTo(start);
    const removed = this.#text.slice(start, end);
    const breaks = removed.replace(/[^\n]+/g, "");
    this.#out += text + breaks;
    const [firstLine = ""] = removed.split("\n", 1);
    this.#edits.push({ at: start, removed: firstLine.length, inserted: text.length, isCallee });
    this.#cursor = end;
  }

  /** The changed text. */
  finish(): string {
    this.#copyTo(this.#text.length);
    return this.#out;
  }

  /**
   * The source map of the changed text.
   * @param map of the text before
   * @param shift how much further right the first line starts
   */
  mapped(map: string, shift: number): string {
    const parsed = JSON.parse(map) as { mappings: string };
    const edits = this.#editsByLine();
    const lines = segmentsOf(parsed.mappings).map((segments, line) => {
      const moved = moveSegments(segments, edits.get(line) ?? []);
      if (line === 0) for (const segment of moved) segment.column += shift;
      return moved;
    });
    return JSON.stringify({ ...parsed, mappings: mappingsOf(lines) });
  }

  /** The edits of each line, at columns. */
  #editsByLine(): Map<number, Edit[]> {
    const byLine = new Map<number, Edit[]>();
    let [line, start] = [0, 0];
    for (const edit of this.#edits) {
      for (;;) {
        const end = this.#text.indexOf("\n", start);
        if (end < 0 || edit.at <= end) break;
        line++;
        start = end + 1;
      }
      byLine.set(line, [...(byLine.get(line) ?? []), { ...edit, at: edit.at - start }]);
    }
    return byLine;
  }

  #copyTo(at: number): void {
    this.#out += this.#text.slice(this.#cursor, at);
    this.#cursor = Math.max(this.#cursor, at);
  }
}

/** A place of a text, and where in the source it comes from. All are counted from the start, 0 first. */
interface Segment {
  column: number;
  /** The file, its line and column, and a name, as far as they are known. */
  source: number[];
}

/** The segments of one line with their columns moved behind edits. */
function moveSegments(segments: Segment[], edits: readonly Edit[]): Segment[] {
  let [shift, next] = [0, 0];
  const callees = new Map<number, number[]>();
  return segments.map(({ column, source }) => {
    for (; next < edits.length && edits[next]!.at <= column; next++) {
      const { at, removed, inserted, isCallee } = edits[next]!;
      if (isCallee && at === column) callees.set(at + removed, source);
      // What stands in place of a removed part begins where that began.
      if (removed > 0 && at === column) break;
      shift += inserted - removed;
    }
    return { column: column + shift, source: callees.get(column) ?? source };
  });
}

/** The segments of each line. In the text, most numbers count from the segment before. */
function segmentsOf(mappings: string): Segment[][] {
  const last = [0, 0, 0, 0];
  return mappings.split(";").map((line) => {
    let column = 0;
    return line
      .split(",")
      .filter(Boolean)
      .map((text) => {
        const [first = 0, ...rest] = decode(text);
        column += first;
        const source = rest.map((value, index) => {
          last[index] = last[index]! + value;
          return last[index]!;
        });
        return { column, source };
      });
  });
}

function mappingsOf(lines: readonly Segment[][]): string {
  const last = [0, 0, 0, 0];
  return lines
    .map((segments) => {
      let lastColumn = 0;
      return segments
        .map(({ column, source }) => {
          const relative = source.map((value, index) => {
            const difference = value - last[index]!;
            last[index] = value;
            return difference;
          });
          const text = encode([column - lastColumn, ...relative]);
          lastColumn = column;
          return text;
        })
        .join(",");
    })
    .join(";");
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Map([...digits].map((digit, value) => [digit, value]));

/** Numbers in source maps' base 64 (VLQ): five bits a digit, the lowest first, the sign in the first. */
function decode(text: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const digit of text) {
    const bits = values.get(digit) ?? 0;
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}

function encode(numbers: readonly number[]): string {
  return numbers
    .map((number) => {
      let rest = number < 0 ? (-number << 1) | 1 : number << 1;
      let text = "";
      do {
        const bits = rest & 31;
        rest >>>= 5;
        text += digits[rest > 0 ? bits | 32 : bits];
      } while (rest > 0);
      return text;
    })
    .join("");
}
