// What cells have to ask a person, as browsers and Deno do (kernel/session/dialogs.ts): @types/node does not declare it.

/** Shows a message, and waits until the person has pressed Enter. */
declare function alert(message?: string): void;

/** Asks yes or no, and waits for the answer. */
declare function confirm(message?: string): boolean;

/** Asks for a line, and waits for it. @param preset what an empty line stands for */
declare function prompt(message?: string, preset?: string): string;
