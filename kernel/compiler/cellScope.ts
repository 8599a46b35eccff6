import ts from "typescript";

/** A cell that was run: the file that it was compiled as, and the names of it that are in scope. */
export interface DeclaringCell {
  file: ts.SourceFile;
  names: ReadonlyMap<string, ts.Symbol>;
}

/** What the compiler keeps internal: the names that a node declares for what lies in it. */
export interface Container extends ts.Node {
  locals?: ts.SymbolTable;
}

const meanings = [ts.SymbolFlags.Value, ts.SymbolFlags.Type, ts.SymbolFlags.Namespace];

/**
 * The names that a file declares at its top.
 * @param file after it was bound
 */
export function namesOf(file: ts.SourceFile): Map<string, ts.Symbol> {
  const { locals, symbol } = file as unknown as { locals?: Map<string, ts.Symbol>; symbol?: ts.Symbol };
  const names = new Map<string, ts.Symbol>();
  for (const [name, local] of locals ?? []) {
    const { exportSymbol } = local as unknown as { exportSymbol?: ts.Symbol };
    names.set(name, exportSymbol ?? local);
  }
  // An exported type has no name of its own in the file.
  for (const [name, exported] of (symbol?.exports as Map<string, ts.Symbol> | undefined) ?? [])
    if (name !== "default" && !names.has(name) && !isExportSpecifier(exported)) names.set(name, exported);
  return names;
}

function isExportSpecifier({ declarations }: ts.Symbol): boolean {
  return declarations?.every((each) => ts.isExportSpecifier(each) || ts.isExportDeclaration(each)) ?? true;
}

/**
 * The scope that a cell is compiled in: blocks around its file, whose names are those of earlier cells. So the compiler finds
 * what a cell does not declare itself as it finds a name of an outer block, and each cell's own types stay what they were
 * when it ran. A name may stand for a value of one cell and for a type of another; then there are several blocks.
 * @param cells the latest last
 */
export function scopeAround(cells: readonly DeclaringCell[]): ts.Node | undefined {
  const layers: Map<string, ts.Symbol>[] = [];
  const known = new Map<string, number>();
  for (const { names } of [...cells].reverse())
    for (const [name, symbol] of names) {
      const covered = known.get(name) ?? 0;
      const meaning = meaningOf(symbol);
      if ((meaning & ~covered) === 0) continue;
      known.set(name, covered | meaning);
      let layer = layers.find((each) => !each.has(name));
      if (!layer) {
        layer = new Map();
        layers.push(layer);
      }
      layer.set(name, symbol);
    }
  return layers.reduceRight<ts.Node | undefined>((outer, names) => blockOf(names, outer), undefined);
}

/** Which of the three, value, type and namespace, a name stands for; an import may stand for any of them. */
export function meaningOf({ flags }: ts.Symbol): number {
  if (flags & ts.SymbolFlags.Alias) return meanings.reduce((all, each) => all | each);
  return meanings.reduce((all, each) => (flags & each ? all | each : all), 0);
}

function blockOf(names: Map<string, ts.Symbol>, outer: ts.Node | undefined): ts.Node {
  const block = ts.factory.createBlock([]) as unknown as Container & { parent?: ts.Node };
  block.locals = names as unknown as ts.SymbolTable;
  if (outer) block.parent = outer;
  return block;
}
