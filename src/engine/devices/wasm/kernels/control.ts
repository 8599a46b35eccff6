// What the threads share: a control block and, for each thread, scratch memory. Every thread runs its own instance of this
// module on the same memory, so these globals are its own.
//
// Control block, in bytes: 0 number of the command, 64 threads still at work, 128 operation, 160 failure, 164 threads asleep, 192... 32 integers and addresses,
// 320... 16 floats, 1024... results of each thread (64 bytes each).

let control: usize = 0;
let scratch: usize = 0;
let threadIndex: i32 = 0;
let threadCount: i32 = 1;
let team: i32 = 1;

export function configure(block: usize, memory: usize, memorySize: i32, thread: i32, threads: i32): void {
  control = block;
  scratch = memory + (thread as usize) * (memorySize as usize);
  threadIndex = thread;
  threadCount = threads;
}

// How many threads share the operation at hand: all, or this one alone.
// @ts-ignore: decorator
@inline export function gather(members: i32): void { team = members; }
// @ts-ignore: decorator
@inline export function thread(): i32 { return threadIndex; }
// @ts-ignore: decorator
@inline export function threads(): i32 { return threadCount; }
// @ts-ignore: decorator
@inline export function ownScratch(): usize { return scratch; }
// @ts-ignore: decorator
@inline export function block(): usize { return control; }
// @ts-ignore: decorator
@inline export function ownResults(): usize { return control + 1024 + ((threadIndex as usize) << 6); }

// @ts-ignore: decorator
@inline export function integer(at: i32): i32 { return load<i32>(control + 192 + ((at as usize) << 2)); }
// @ts-ignore: decorator
@inline export function pointer(at: i32): usize { return load<u32>(control + 192 + ((at as usize) << 2)) as usize; }
// @ts-ignore: decorator
@inline export function float(at: i32): f32 { return load<f32>(control + 320 + ((at as usize) << 2)); }

// The address of the element at this index.
// @ts-ignore: decorator
@inline export function at(base: usize, index: i32): usize { return base + ((index as usize) << 2); }

// This thread's part of `count` equal pieces of work; cuts fall on multiples of `grain`. The cut depends on nothing but
// the sizes and the number of threads, so that the same input gives the same bits.
// @ts-ignore: decorator
@inline export function firstOf(count: i32, grain: i32): i32 { return cut(count, grain, threadIndex); }
// @ts-ignore: decorator
@inline export function endOf(count: i32, grain: i32): i32 { return cut(count, grain, threadIndex + 1); }

function cut(count: i32, grain: i32, position: i32): i32 {
  const grains = (count + grain - 1) / grain;
  return min((((grains as i64) * (position as i64)) / (team as i64)) as i32 * grain, count);
}
