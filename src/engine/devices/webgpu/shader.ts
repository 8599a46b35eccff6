/** Types of a shader's numbers, four bytes each. */
type NumberType = "u32" | "i32" | "f32";

/** A compute shader in WGSL, before its bindings are written out. */
export interface ShaderParts {
  /** Buffers that are read, by name: the WGSL type of an element. */
  reads?: Readonly<Record<string, string>>;
  /** Buffers that are written, and may be read. */
  writes: Readonly<Record<string, string>>;
  /** Numbers that are the same for all threads: the fields of `given`. */
  given?: Readonly<Record<string, NumberType>>;
  /** Before them, a list of so many vectors of four: `given.list`. */
  list?: number;
  /** Threads of a workgroup, along x and y. */
  workgroup: readonly [number, number];
  /** Extensions of WGSL, and what else comes first. */
  directives?: readonly string[];
  /** Functions, and variables of the workgroup. */
  functions?: string;
  /** What a thread does. It sees `group` and `groups` (its workgroup and how many there are), `local` and `lane`. */
  body: string;
}

export interface Shader {
  readonly code: string;
  readonly numberTypes: readonly NumberType[];
  /** How many buffers it binds. */
  readonly buffers: number;
}

/** Bindings are numbered in the order of `reads`, `writes`, and then the numbers. */
export function shaderOf({ reads = {}, writes, given = {}, list = 0, workgroup, ...parts }: ShaderParts): Shader {
  const buffers = [
    ...Object.entries(reads).map(([name, type]) => `var<storage, read> ${name}: array<${type}>;`),
    ...Object.entries(writes).map(([name, type]) => `var<storage, read_write> ${name}: array<${type}>;`),
  ];
  const fields = Object.entries(given).map(([name, type]) => `${name}: ${type}`);
  const struct = `struct Given { ${[...(list > 0 ? [`list: array<vec4f, ${list}>`] : []), ...fields].join(", ")} };`;
  const bindings = fields.length > 0 ? [...buffers, "var<uniform> given: Given;"] : buffers;
  const code = `
${(parts.directives ?? []).map((directive) => `${directive};`).join("\n")}
${fields.length > 0 ? struct : ""}
${bindings.map((binding, at) => `@group(0) @binding(${at}) ${binding}`).join("\n")}
${parts.functions ?? ""}
@compute @workgroup_size(${workgroup[0]}, ${workgroup[1]})
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) lane: u32,
) {
${parts.body}
}`;
  const listed = Array.from({ length: 4 * list }, () => "f32" as const);
  return { code, numberTypes: [...listed, ...Object.values(given)], buffers: buffers.length };
}

/** Makes each shader once: `make` gets plain values, which name it. */
export function remembered<A extends readonly (string | number | boolean)[]>(
  make: (...values: A) => ShaderParts,
): (...values: A) => Shader {
  const known = new Map<string, Shader>();
  return (...values) => {
    const key = values.join();
    const shader = known.get(key) ?? shaderOf(make(...values));
    known.set(key, shader);
    return shader;
  };
}
