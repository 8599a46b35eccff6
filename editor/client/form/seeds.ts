/** At most so many runs are started at once. */
const most = 30;

/** Seeds as a person writes them: `0`, `1, 2, 3`, `1-3`. Empty for none; undefined for what is no such list. */
export function parseSeeds(text: string): number[] | undefined {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const seeds: number[] = [];
  for (const part of parts) {
    const [, from, to = from] = /^(\d{1,9})(?:[-–](\d{1,9}))?$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from) || Number(to) - Number(from) >= most) return undefined;
    for (let seed = Number(from); seed <= Number(to); seed++) if (!seeds.includes(seed)) seeds.push(seed);
  }
  return seeds.length > most ? undefined : seeds;
}
