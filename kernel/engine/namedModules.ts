import type * as TypeScript from "typescript";
import { typescript as ts } from "./tslabModules.ts";

type Mutable<Node> = { -readonly [Key in keyof Node]: Node[Key] };

/**
 * Runs code while variables that hold an imported module, `const fs = await import("fs")`, are typed as that module. Left
 * to itself the compiler writes such a type out, member by member, and fails where a part of it has no name.
 */
export function withNamedModules<Result>(
  file: TypeScript.SourceFile,
  checker: TypeScript.TypeChecker,
  run: () => Result,
): Result {
  const typed: Mutable<TypeScript.VariableDeclaration>[] = [];
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      const specifier = importedBy(declaration);
      if (!specifier || declaration.type || !ts.isIdentifier(declaration.name)) continue;
      const variable = declaration as Mutable<TypeScript.VariableDeclaration>;
      variable.type = typeOfModule(specifier, checker);
      typed.push(variable);
    }
  }
  try {
    return run();
  } finally {
    for (const variable of typed) delete variable.type;
  }
}

/** The specifier in `... = await import("specifier")`. */
function importedBy({ initializer }: TypeScript.VariableDeclaration): TypeScript.StringLiteral | undefined {
  const call = initializer && ts.isAwaitExpression(initializer) ? initializer.expression : undefined;
  if (!call || !ts.isCallExpression(call) || call.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
  const [specifier] = call.arguments;
  return specifier && ts.isStringLiteral(specifier) ? specifier : undefined;
}

function typeOfModule(specifier: TypeScript.StringLiteral, checker: TypeScript.TypeChecker): TypeScript.TypeNode {
  const { factory } = ts;
  const literal = () => factory.createLiteralTypeNode(factory.createStringLiteral(specifier.text));
  const whole = () => factory.createImportTypeNode(literal(), undefined, undefined, undefined, true);
  const symbol = checker.getSymbolAtLocation(specifier);
  const hasDefault = symbol && checker.getExportsOfModule(symbol).some(({ name }) => name === "default");
  if (hasDefault) return whole();
  // A CommonJS module is its own default. A type that declares its members by themselves is more than the compiler takes.
  const name = factory.createLiteralTypeNode(factory.createStringLiteral("default"));
  const type = factory.createIntersectionTypeNode([
    whole(),
    factory.createTypeReferenceNode("Record", [name, whole()]),
  ]);
  ts.setParentRecursive(type, true);
  return type;
}
