import { shortJson } from "../../core/json.ts";
import { refuse } from "../refuse.ts";

/** A name of Python that a pickle refers to, such as `torch._utils._rebuild_tensor_v2`. Never looked up in Python. */
export class PickledGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A reference to something outside the pickle, as the program that wrote it describes it. */
export class PersistentId {
  readonly id: Pickled;
  constructor(id: Pickled) {
    this.id = id;
  }
}

/**
 * A value in a pickle: dictionaries are maps, lists and tuples arrays, sets sets, bytes byte arrays; whole numbers beyond 2^53 are
 * bigints. What `PickleRules.call` gives is an object too.
 */
export type Pickled = null | boolean | number | string | bigint | object;

/** What a pickle may refer to and call: nothing but functions of this project. */
export interface PickleRules {
  /** Whether the pickle may have this name of Python in it. */
  mayName(name: string): boolean;
  /** Carries out a call that the pickle asks for; undefined where there is no such function. */
  call(name: string, args: Pickled[]): Pickled | undefined;
}

class Mark {}
const mark = new Mark();

/** Opcodes that are refused by their names: they call, or look something up outside. */
const refusedOpcodes: Record<string, string> = {
  i: "INST",
  o: "OBJ",
  P: "PERSID",
  "\x81": "NEWOBJ",
  "\x82": "EXT1",
  "\x83": "EXT2",
  "\x84": "EXT4",
  "\x92": "NEWOBJ_EX",
};

/**
 * Reads a Python pickle as data. Nothing of it is run: a name is a name, and a call is one of `rules`, or an error.
 *
 * @throws FlamingoError INVALID_WEIGHTS, naming what the pickle has that `rules` do not know, or what is damaged
 * @see Python's `pickletools`, which describes each opcode
 */
export function readPickle(bytes: Uint8Array, rules: PickleRules, source: string): Pickled {
  return new Machine(bytes, rules, source).run();
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #rules: PickleRules;
  readonly #source: string;
  #at = 0;
  readonly #stack: (Pickled | Mark)[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(bytes: Uint8Array, rules: PickleRules, source: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#rules = rules;
    this.#source = source;
  }

  run(): Pickled {
    for (;;) {
      const code = String.fromCharCode(this.#take(1)[0]!);
      if (code === ".") return this.#pop(); // STOP
      if (Object.hasOwn(this.#values, code)) this.#stack.push(this.#values[code]!());
      else if (Object.hasOwn(this.#changes, code)) this.#changes[code]!();
      else throw this.#unknown(code);
    }
  }

  /** Opcodes that push a value. */
  readonly #values: Readonly<Record<string, () => Pickled>> = {
    N: () => null, // NONE
    "\x88": () => true, // NEWTRUE
    "\x89": () => false, // NEWFALSE
    J: () => this.#number(4, (at) => this.#view.getInt32(at, true)), // BININT
    K: () => this.#length(1), // BININT1
    M: () => this.#length(2), // BININT2
    G: () => this.#number(8, (at) => this.#view.getFloat64(at, false)), // BINFLOAT
    "\x8a": () => longOf(this.#take(this.#length(1))), // LONG1
    "\x8b": () => longOf(this.#take(this.#length(4))), // LONG4
    U: () => this.#text(this.#length(1)), // SHORT_BINSTRING
    "\x8c": () => this.#text(this.#length(1)), // SHORT_BINUNICODE
    T: () => this.#text(this.#length(4)), // BINSTRING
    X: () => this.#text(this.#length(4)), // BINUNICODE
    "\x8d": () => this.#text(this.#length(8)), // BINUNICODE8
    C: () => this.#take(this.#length(1)), // SHORT_BINBYTES
    B: () => this.#take(this.#length(4)), // BINBYTES
    "\x8e": () => this.#take(this.#length(8)), // BINBYTES8
    "}": () => new Map(), // EMPTY_DICT
    "]": () => [], // EMPTY_LIST
    ")": () => [], // EMPTY_TUPLE
    "\x8f": () => new Set(), // EMPTY_SET
    t: () => this.#popToMark(), // TUPLE
    "\x85": () => this.#popMany(1), // TUPLE1
    "\x86": () => this.#popMany(2), // TUPLE2
    "\x87": () => this.#popMany(3), // TUPLE3
    h: () => this.#recalled(this.#length(1)), // BINGET
    j: () => this.#recalled(this.#length(4)), // LONG_BINGET
    Q: () => new PersistentId(this.#pop()), // BINPERSID
    c: () => this.#global(this.#line(), this.#line()), // GLOBAL
    "\x93": () => this.#namedGlobal(...(this.#popMany(2) as [Pickled, Pickled])), // STACK_GLOBAL
    R: () => this.#reduce(...(this.#popMany(2) as [Pickled, Pickled])), // REDUCE
  };

  /** Opcodes that change what is on the stack. */
  readonly #changes: Readonly<Record<string, () => void>> = {
    "\x80": () => this.#take(1), // PROTO
    "\x95": () => this.#take(8), // FRAME
    "(": () => this.#stack.push(mark), // MARK
    "0": () => this.#stack.pop(), // POP
    "1": () => this.#popToMark(), // POP_MARK
    a: () => this.#append([this.#pop()]), // APPEND
    e: () => this.#append(this.#popToMark()), // APPENDS
    s: () => this.#setItems(this.#popMany(2)), // SETITEM
    u: () => this.#setItems(this.#popToMark()), // SETITEMS
    "\x90": () => this.#addItems(this.#popToMark()), // ADDITEMS
    b: () => this.#build(this.#pop()), // BUILD
    q: () => this.#memo.set(this.#length(1), this.#top()), // BINPUT
    r: () => this.#memo.set(this.#length(4), this.#top()), // LONG_BINPUT
    "\x94": () => this.#memo.set(this.#memo.size, this.#top()), // MEMOIZE
  };

  #append(items: readonly Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#damaged("items for what is no list");
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly Pickled[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) throw this.#damaged("items for what is no dictionary");
    for (let index = 0; index < items.length; index += 2) dictionary.set(items[index], items[index + 1]);
  }

  #addItems(items: readonly Pickled[]): void {
    const set = this.#top();
    if (!(set instanceof Set)) throw this.#damaged("items for what is no set");
    for (const item of items) set.add(item);
  }

  /** Attributes of an object; those of a dictionary, such as the versions of a state dict's modules, are no weights. */
  #build(_attributes: Pickled): void {
    if (!(this.#top() instanceof Map)) throw this.#damaged("attributes of what is no dictionary");
  }

  #reduce(callee: Pickled, args: Pickled): Pickled {
    if (!(callee instanceof PickledGlobal) || !Array.isArray(args))
      throw this.#damaged("a call of what is no function");
    const result = this.#rules.call(callee.name, args);
    if (result === undefined) throw this.#forbidden(callee.name);
    return result;
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value instanceof Mark) throw this.#damaged("an empty stack");
    return value;
  }

  #popMany(count: number): Pickled[] {
    const values = Array.from({ length: count }, () => this.#pop());
    return values.reverse();
  }

  #popToMark(): Pickled[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#damaged("a missing mark");
    const values = this.#stack.slice(at + 1) as Pickled[];
    this.#stack.length = at;
    return values;
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value instanceof Mark) throw this.#damaged("an empty stack");
    return value;
  }

  #recalled(index: number): Pickled {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#damaged(`the unknown memo ${index}`);
    return value;
  }

  /** A name must be text: to print a value that holds itself many times over would take for ever. */
  #namedGlobal(module: Pickled, name: Pickled): Pickled {
    if (typeof module !== "string" || typeof name !== "string") throw this.#damaged("a name that is no text");
    return this.#global(module, name);
  }

  #global(module: string, name: string): PickledGlobal {
    const full = `${module}.${name}`;
    if (!this.#rules.mayName(full)) throw this.#forbidden(full);
    return new PickledGlobal(full);
  }

  #take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw refuse(this.#source, "the pickle is cut off");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #number(size: number, read: (at: number) => number): number {
    this.#take(size);
    return read(this.#at - size);
  }

  #length(size: 1 | 2 | 4 | 8): number {
    return this.#number(size, (at) => {
      if (size === 1) return this.#view.getUint8(at);
      if (size === 2) return this.#view.getUint16(at, true);
      return size === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
    });
  }

  #text(length: number): string {
    return decoder.decode(this.#take(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw refuse(this.#source, "the pickle is cut off");
    const text = decoder.decode(this.#take(end - this.#at));
    this.#at++;
    return text;
  }

  #forbidden(name: string): Error {
    return refuse(
      this.#source,
      `the pickle asks for ${shortJson(name)}, and only tensors are read; nothing of it was run`,
      {
        actual: name,
        fix: "save only the state dict, as safetensors or with torch.save(model.state_dict(), path)",
      },
    );
  }

  #unknown(code: string): Error {
    const name = Object.hasOwn(refusedOpcodes, code) ? refusedOpcodes[code] : `0x${code.charCodeAt(0).toString(16)}`;
    return refuse(this.#source, `the pickle has the opcode ${name}, and only tensors are read; nothing of it was run`, {
      fix: "save only the state dict, as safetensors or with torch.save(model.state_dict(), path)",
    });
  }

  #damaged(what: string): Error {
    return refuse(this.#source, `the pickle is damaged: ${what} at byte ${this.#at}`);
  }
}

const decoder = new TextDecoder();

/** A whole number of any length, little end first, in two's complement. */
function longOf(bytes: Uint8Array): number | bigint {
  let value = 0n;
  if (bytes.length > 16) return 0n; // no size and no offset is that large
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * index);
  const signed = BigInt.asIntN(Math.max(8 * bytes.length, 1), value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}
