import {
  type Dim,
  evaluateDim,
  isEllipsis,
  isName,
  namesIn,
  printShape,
  renameDim,
  type ShapeSpec,
  type SolvedShape,
} from "./shape.ts";

/** One end of an equation: a shape, the scope its names belong to, and how to speak of it. */
export interface End {
  scope: string;
  shape: ShapeSpec;
  /** For a person: `output "features" of "encoder"`. */
  label: string;
}

/** Two ends that cannot be equal, in words by which a person can mend it. */
export interface Conflict {
  message: string;
  /** Which axis disagrees; undefined when the number of dimensions does. */
  axis?: number;
  expected: Dim | string;
  actual: Dim | string;
  fix: string;
}

interface Known {
  value: number;
  origin: string;
}

/** A dimension in its scope. */
interface Term {
  scope: string;
  dim: Dim;
}

/**
 * Solves the named shapes of a graph. Names are scoped (a node's names are its own); `equate` joins two ends, and
 * whatever follows from it is known at once. The same solver runs when two ports are connected, when a pipeline is
 * loaded and before a block computes.
 */
export class ShapeSolver {
  private readonly parent = new Map<string, string>();
  private readonly known = new Map<string, Known>();
  private readonly lists = new Map<string, Term[]>();
  private readonly waiting: { left: Term; right: Term; ends: [End, End]; axis: number }[] = [];

  /** Says what a name is in a scope: a number of the block's configuration. */
  define(scope: string, name: string, value: number, origin: string): void {
    this.known.set(this.root(key(scope, name)), { value, origin });
  }

  /** Makes two ends equal. Returns the conflict that this shows, if any. */
  equate(left: End, right: End): Conflict | undefined {
    const a = this.expand(left.shape.map((dim) => ({ scope: left.scope, dim })));
    const b = this.expand(right.shape.map((dim) => ({ scope: right.scope, dim })));
    return this.match(a, b, left, right) ?? this.settle();
  }

  /** The shape as far as it is known; an unknown size has one name wherever it is met, that of the end it came from. */
  resolve(scope: string, shape: ShapeSpec): SolvedShape {
    return this.expand(shape.map((dim) => ({ scope, dim }))).map((term) =>
      isEllipsis(term.dim) ? term.dim : (this.valueOf(term) ?? this.spoken(term, new Set())),
    );
  }

  private match(a: Term[], b: Term[], left: End, right: End): Conflict | undefined {
    const loose = isEllipsis(a[0]?.dim) ? a : isEllipsis(b[0]?.dim) ? b : undefined;
    if (!loose) {
      if (a.length !== b.length) return this.rankConflict(left, right);
      for (let axis = 0; axis < a.length; axis++) {
        const conflict = this.join(a[axis]!, b[axis]!, [left, right], axis);
        if (conflict) return conflict;
      }
      return undefined;
    }
    const fixed = loose === a ? b : a;
    const tail = loose.length - 1;
    // Two loose ends, the other one longer: let the longer one be what the shorter one's list stands for.
    if (isEllipsis(fixed[0]?.dim) && fixed.length - 1 < tail) return this.match(fixed, loose, right, left);
    if (fixed.length < tail) return this.rankConflict(left, right);
    const head = fixed.slice(0, fixed.length - tail);
    const name = listKey(loose[0]!);
    const holdsItself = isEllipsis(head[0]?.dim) && listKey(head[0]!) === name;
    if (holdsItself && head.length > 1) return this.rankConflict(left, right);
    if (!holdsItself) this.lists.set(name, head);
    for (let axis = 1; axis <= tail; axis++) {
      const other = fixed[head.length + axis - 1]!;
      const conflict = this.join(
        loose === a ? loose[axis]! : other,
        loose === a ? other : loose[axis]!,
        [left, right],
        head.length + axis - 1,
      );
      if (conflict) return conflict;
    }
    return undefined;
  }

  private join(left: Term, right: Term, ends: [End, End], axis: number): Conflict | undefined {
    const a = this.valueOf(left);
    const b = this.valueOf(right);
    if (a !== undefined && b !== undefined)
      return a === b ? undefined : this.sizeConflict(left, right, a, b, ends, axis);
    if (isName(left.dim) && isName(right.dim)) this.unite(key(left.scope, left.dim), key(right.scope, right.dim));
    else if (isName(left.dim) && b !== undefined) this.bind(left, b, right, ends[1]);
    else if (isName(right.dim) && a !== undefined) this.bind(right, a, left, ends[0]);
    else this.waiting.push({ left, right, ends, axis });
    return undefined;
  }

  /** Tries again what could not be worked out before, until nothing new is learnt. */
  private settle(): Conflict | undefined {
    for (;;) {
      const retry = this.waiting.splice(0);
      for (const [at, item] of retry.entries()) {
        const conflict = this.join(item.left, item.right, item.ends, item.axis);
        if (!conflict) continue;
        this.waiting.push(...retry.slice(at + 1));
        return conflict;
      }
      if (this.waiting.length === retry.length) return undefined;
    }
  }

  private bind(term: Term, value: number, from: Term, end: End): void {
    const origin = this.originOf(from) ?? end.label;
    this.known.set(this.root(key(term.scope, term.dim)), { value, origin });
  }

  private valueOf(term: Term): number | undefined {
    return evaluateDim(term.dim, (name) => this.known.get(this.root(key(term.scope, name)))?.value);
  }

  private originOf(term: Term): string | undefined {
    return isName(term.dim) ? this.known.get(this.root(key(term.scope, term.dim)))?.origin : undefined;
  }

  /** An unknown size as text: with the names of the end that it came from, and with the numbers that are known. */
  private spoken(term: Term, within: Set<string>): string {
    return renameDim(term.dim, (name) => {
      const own = this.root(key(term.scope, name));
      const value = this.known.get(own)?.value;
      if (value !== undefined) return `${value}`;
      const source = within.has(own) ? undefined : this.workedOutFrom(own);
      return source ? `(${this.spoken(source, new Set(within).add(own))})` : own.slice(own.indexOf(separator) + 1);
    });
  }

  /** The arithmetic that a name waits for, if any. */
  private workedOutFrom(root: string): Term | undefined {
    const isIt = ({ scope, dim }: Term) => isName(dim) && this.root(key(scope, dim)) === root;
    for (const { left, right } of this.waiting) {
      if (isIt(left)) return right;
      if (isIt(right)) return left;
    }
    return undefined;
  }

  private expand(terms: Term[]): Term[] {
    const first = terms[0];
    if (!first || !isEllipsis(first.dim)) return terms;
    const list = this.lists.get(listKey(first));
    if (!list) return terms;
    const whole = this.expand(list);
    this.lists.set(listKey(first), whole); // so that a chain of a thousand blocks is walked once
    return [...whole, ...terms.slice(1)];
  }

  private root(name: string): string {
    const up = this.parent.get(name);
    if (up === undefined || up === name) return name;
    const top = this.root(up);
    this.parent.set(name, top);
    return top;
  }

  private unite(a: string, b: string): void {
    const left = this.root(a);
    const right = this.root(b);
    if (left === right) return;
    const value = this.known.get(right);
    this.parent.set(right, left);
    if (value && !this.known.has(left)) this.known.set(left, value);
  }

  private sizeConflict(left: Term, right: Term, a: number, b: number, ends: [End, End], axis: number): Conflict {
    const sizeText = (term: Term, value: number) => {
      const name = typeof term.dim === "string" ? `${term.dim} = ${value}` : `${value}`;
      const origins = namesIn(term.dim).flatMap((part) => this.originOf({ ...term, dim: part }) ?? []);
      return origins.length > 0 ? `${name} (from ${[...new Set(origins)].join(" and ")})` : name;
    };
    return {
      message: `${ends[1].label} needs ${sizeText(right, b)} on axis ${axis}, but ${ends[0].label} gives ${sizeText(left, a)}`,
      axis,
      expected: b,
      actual: a,
      fix: this.fixFor(left, right, a, b, ends),
    };
  }

  private fixFor(left: Term, right: Term, a: number, b: number, ends: [End, End]): string {
    const choices: string[] = [];
    if (this.isConfigured(right)) choices.push(`set ${this.originOf(right)} to ${a}`);
    if (this.isConfigured(left)) choices.push(`set ${this.originOf(left)} to ${b}`);
    choices.push(`put a block between that turns ${a} into ${b}`);
    return choices.length > 1 ? choices.join(", or ") : `give ${ends[1].label} a size of ${b}`;
  }

  private isConfigured(term: Term): boolean {
    return this.originOf(term)?.startsWith("config.") ?? false;
  }

  private rankConflict(left: End, right: End): Conflict {
    const a = this.resolve(left.scope, left.shape);
    const b = this.resolve(right.scope, right.shape);
    return {
      message: `${right.label} needs ${rankOf(b)} dimensions ${printShape(b)}, but ${left.label} gives ${rankOf(a)} ${printShape(a)}`,
      expected: printShape(b),
      actual: printShape(a),
      fix: `connect an output of shape ${printShape(b)} to it`,
    };
  }
}

/** The number of dimensions of a shape, as text. */
function rankOf(shape: ShapeSpec): string {
  return isEllipsis(shape[0]) ? `at least ${shape.length - 1}` : `${shape.length}`;
}

const separator = "\u0000";

function key(scope: string, name: Dim): string {
  return `${scope}${separator}${name}`;
}

function listKey(term: Term): string {
  return key(term.scope, term.dim);
}
