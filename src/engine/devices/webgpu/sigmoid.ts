/** WGSL: 1 / (1 + e⁻ˣ) of numbers of a type; x is clamped, since WGSL lets a GPU assume that no number is infinite. */
export const sigmoid = (T: string): string =>
  `fn sigmoid(x: ${T}) -> ${T} { return 1.0 / (1.0 + exp(-clamp(x, ${T}(-80.0), ${T}(80.0)))); }`;
