/** WGSL: 1 / (1 + e⁻ˣ) of numbers of a type; x is clamped, since WGSL lets a GPU assume that no number is infinite. */
export const sigmoid = (T: string): string =>
  `fn sigmoid(x: ${T}) -> ${T} { return 1.0 / (1.0 + exp(-clamp(x, ${T}(-80.0), ${T}(80.0)))); }`;

/**
 * WGSL of `safe_tanh(x)`. Beyond 15 tanh is 1 to the last bit, and some drivers give NaN. The bounds are not a `clamp`, which may
 * turn NaN into a bound.
 */
export const tanhOf = (T: string): string => `
fn safe_tanh(x: ${T}) -> ${T} {
  let below = select(x, ${T}(15.0), x > ${T}(15.0));
  return tanh(select(below, ${T}(-15.0), x < ${T}(-15.0)));
}`;
