/** WebAssembly, which Node has and its types leave to those of browsers. */
declare namespace WebAssembly {
  type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "externref" | "anyfunc";
  type ImportExportKind = "function" | "global" | "memory" | "table";
  // biome-ignore lint/suspicious/noExplicitAny: functions of any kind
  type Exports = Record<string, any>;
  // biome-ignore lint/suspicious/noExplicitAny: functions of any kind
  type Imports = Record<string, Record<string, any>>;
  interface InstantiatedSource {
    instance: Instance;
    module: Module;
  }
  class Module {
    constructor(bytes: BufferSource);
    static exports(module: Module): { name: string; kind: ImportExportKind }[];
    static imports(module: Module): { module: string; name: string; kind: ImportExportKind }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Table {
    constructor(descriptor: { element: "anyfunc" | "externref"; initial: number; maximum?: number }, value?: unknown);
    readonly length: number;
    // biome-ignore lint/suspicious/noExplicitAny: functions of any kind
    get(index: number): any;
    set(index: number, value?: unknown): void;
    grow(by: number, value?: unknown): number;
  }
  class Global<Value = unknown> {
    constructor(descriptor: { value: ValueType; mutable?: boolean }, value?: Value);
    value: Value;
    valueOf(): Value;
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  type BufferSource = ArrayBufferView | ArrayBufferLike;
  function compile(bytes: BufferSource): Promise<Module>;
  function instantiate(bytes: BufferSource, imports?: Imports): Promise<InstantiatedSource>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
  function validate(bytes: BufferSource): boolean;
}
