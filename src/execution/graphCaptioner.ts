import type { Value } from "../core/block.ts";
import { dispose, gather, keep, type Tensor, tensor, tidy } from "../engine/tensor.ts";
import type { Captioner, Seen } from "../evaluation/captioner.ts";
import { type Continuation, openContinuation } from "../evaluation/continuation.ts";
import type { Graph, Values } from "./graph.ts";

/** Pictures that a graph has looked at: the values of all nodes that do not depend on the text. */
interface SeenValues extends Seen {
  values: Values;
}

/**
 * A pipeline's model as a captioner: whatever lies between the source's `images` and `ids` and the node's `logits`.
 * Nodes that do not depend on the text are computed once for each set of pictures.
 */
export class GraphCaptioner implements Captioner {
  readonly #graph: Graph;
  readonly #node: string;
  readonly #source: string;
  readonly #imageSize: number;
  readonly #textFree: string[];
  /** Nodes without text, the source among them, whose values nodes with text read. */
  readonly #lookedAt: ReadonlySet<string>;

  /**
   * @param node id of the node whose output `logits` is read
   * @param source id of the source whose outputs `images` and `ids` stand for pictures and text
   */
  constructor(graph: Graph, node: string, source: string, imageSize: number) {
    this.#graph = graph;
    this.#node = node;
    this.#source = source;
    this.#imageSize = imageSize;
    const blocks = graph.blocksUpTo(node);
    this.#textFree = blocks.filter((id) => !this.#readsText(id));
    const withText = blocks.filter((id) => !this.#textFree.includes(id));
    this.#lookedAt = new Set(
      withText
        .flatMap((id) => Object.values(graph.node(id).inputs).map((from) => from.node))
        .filter((id) => !withText.includes(id)),
    );
  }

  look(pixels: Float32Array, count: number): SeenValues {
    const size = this.#imageSize;
    const held: Tensor[] = [];
    const values: Values = new Map();
    tidy(() => {
      values.set(this.#source, { images: keep(tensor(pixels, [count, 1, 1, size, size, 3])) });
      for (const id of this.#textFree) this.#graph.compute(id, values);
      for (const ports of values.values()) for (const value of Object.values(ports)) held.push(keep(value as Tensor));
    });
    const weights = new Set<Value>(this.#graph.weights.all().map(({ variable }) => variable));
    return { count, values, dispose: () => dispose(held.filter((each) => !weights.has(each))) };
  }

  logits(seen: Seen, pictures: readonly number[], ids: Int32Array): Tensor {
    return tidy(() => {
      const text = tensor(ids, [pictures.length, ids.length / pictures.length], "int32");
      const values = this.#withText(this.#given(seen, pictures).values, text);
      return this.#graph.compute(this.#node, values).logits as Tensor;
    });
  }

  goOn(seen: Seen, pictures: readonly number[]): Continuation {
    const given = this.#given(seen, pictures);
    const texts = openContinuation(pictures.length, this.#graph.weights, (readingOf) => {
      const graph = this.#graph.under(readingOf);
      return (ids) => graph.compute(this.#node, this.#withText(given.values, ids)).logits as Tensor;
    });
    const end = () => {
      texts.dispose();
      dispose(given.made);
    };
    return {
      get wholeBecause() {
        return texts.wholeBecause;
      },
      read: (ids) => texts.read(ids),
      select: (rows) => texts.select(rows),
      dispose: end,
    };
  }

  /** What the text's side looks at, row r for picture `pictures[r]`, and which of it was made for this. */
  #given(seen: Seen, pictures: readonly number[]): { values: Values; made: Tensor[] } {
    const all = pictures.length === seen.count && pictures.every((picture, row) => picture === row);
    const made: Tensor[] = [];
    const values: Values = new Map();
    const rows = tensor(Int32Array.from(pictures), [pictures.length], "int32");
    for (const [id, ports] of (seen as SeenValues).values) {
      const chosen = Object.entries(ports).map(([port, value]) => {
        if (all || !this.#lookedAt.has(id)) return [port, value];
        made.push(gather(value as Tensor, rows));
        return [port, made.at(-1)!];
      });
      values.set(id, Object.fromEntries(chosen));
    }
    rows.dispose();
    return { values, made };
  }

  #withText(given: Values, ids: Tensor): Values {
    return new Map([...given, [this.#source, { ...given.get(this.#source), ids }]]);
  }

  alone(ids: Int32Array, rows: number): Tensor | undefined {
    const wired = Object.entries(this.#graph.node(this.#node).inputs);
    const text = wired.find(([, from]) => from.node === this.#source && from.port === "ids");
    const others = wired.filter((each) => each !== text);
    // What else it is wired to brings the pictures in; a node that cannot do without them holds no language model alone.
    if (!text || others.length === 0 || others.some(([port]) => !this.#graph.isOptional(this.#node, port)))
      return undefined;
    return tidy(() => {
      const words = tensor(ids, [rows, ids.length / rows], "int32");
      return this.#graph.call(this.#node, { [text[0]]: words }).logits as Tensor;
    });
  }

  #readsText(id: string): boolean {
    return Object.values(this.#graph.node(id).inputs).some((from) =>
      from.node === this.#source ? from.port !== "images" : this.#readsText(from.node),
    );
  }
}
