/** What a shader sees of a buffer, in bytes. */
export interface Binding {
  buffer: GPUBuffer;
  offset: number;
  size: number;
}

/** Groups that are kept; each is some hundred bytes. */
const most = 16_384;

/**
 * Bind groups by what they bind. A step of training takes the same buffers as the one before, and making a group costs several times what
 * recording its command costs.
 */
export class BindGroups {
  readonly #device: GPUDevice;
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #numbers = new WeakMap<object, number>();
  #next = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  find(layout: GPUBindGroupLayout, bindings: readonly Binding[]): GPUBindGroup {
    let key = String(this.#numberOf(layout));
    for (const { buffer, offset, size } of bindings) key += `,${this.#numberOf(buffer)}:${offset}:${size}`;
    const known = this.#groups.get(key);
    if (known) return known;
    if (this.#groups.size === most) this.#groups.clear();
    const entries = bindings.map((resource, binding) => ({ binding, resource }));
    const group = this.#device.createBindGroup({ layout, entries });
    this.#groups.set(key, group);
    return group;
  }

  #numberOf(object: object): number {
    const known = this.#numbers.get(object) ?? this.#next++;
    this.#numbers.set(object, known);
    return known;
  }
}
