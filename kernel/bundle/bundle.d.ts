export const bundles: string;
export const latestFile: string;
export function stampOf(path: string): string;
export function buildBundle(niceness: number): Promise<void>;
