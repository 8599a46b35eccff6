import { tellError } from "./notices.ts";

/** Hands a text, or bytes, to the browser as a file. */
export function download(name: string, content: string | Uint8Array<ArrayBuffer>, type = "text/plain"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Asks for a file of the user's. */
export function chooseFile(take: (file: File) => Promise<void>): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "application/json,.json";
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file) void take(file).catch(tellError);
  });
  input.click();
}
