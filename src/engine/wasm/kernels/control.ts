// What the threads share: a control block and, for each thread, scratch memory. Every thread runs its own instance of this
// module on the same memory, so these globals are its own.
//
// Control block, in bytes: 0 generation of the command, 64 number of threads still at work, 128 operation, 192... arguments.

let control: usize = 0;
let scratch: usize = 0;
let threadIndex: i32 = 0;
let threadCount: i32 = 1;

export function configure(block: usize, memory: usize, memorySize: i32, thread: i32, threads: i32): void {
  control = block;
  scratch = memory + (thread as usize) * (memorySize as usize);
  threadIndex = thread;
  threadCount = threads;
}

// @ts-ignore: decorator
@inline export function thread(): i32 { return threadIndex; }
// @ts-ignore: decorator
@inline export function threads(): i32 { return threadCount; }
// @ts-ignore: decorator
@inline export function ownScratch(): usize { return scratch; }
// @ts-ignore: decorator
@inline export function block(): usize { return control; }

// @ts-ignore: decorator
@inline export function arg(at: i32): i32 { return load<i32>(control + 192 + ((at as usize) << 2)); }
// @ts-ignore: decorator
@inline export function pointer(at: i32): usize { return load<u32>(control + 192 + ((at as usize) << 2)) as usize; }
// @ts-ignore: decorator
@inline export function number(at: i32): f32 { return load<f32>(control + 192 + ((at as usize) << 2)); }

// Where this thread's part of `count` equal pieces of work begins; the end is where the next thread's begins. Cuts fall on
// multiples of `grain`. The cut depends on nothing but the sizes, so that the same input gives the same bits.
// @ts-ignore: decorator
@inline export function share(count: i32, grain: i32, at: i32): i32 {
  const grains = (count + grain - 1) / grain;
  const cut = (((grains as i64) * (at as i64) / (threadCount as i64)) as i32) * grain;
  return cut < count ? cut : count;
}
