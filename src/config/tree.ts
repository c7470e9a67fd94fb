import { LineCounter, type Node, isMap, isScalar, isSeq, parseDocument } from 'yaml';

/** Where a value was written. */
export type Origin = {
  /** A file's path, a variable's name, a flag. */
  readonly source: string;
  readonly line?: number;
  readonly column?: number;
};

/** A value as it was written, with the place of each part. */
export type Tree = { readonly at: Origin } & (
  | { readonly kind: 'map'; readonly entries: readonly TreeEntry[] }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
);
export type TreeEntry = { readonly key: string; readonly at: Origin; readonly value: Tree };

/** Why a text cannot be read at all. */
export type Unreadable = { readonly at: Origin; readonly why: string };

/**
 * `text` as YAML 1.2, core schema. Keys that stand twice, several documents and aliases are refused: an alias saves a
 * line here and there, and is how a small file becomes a huge one.
 *
 * @param position `false` where lines mean nothing to the reader, as in a variable.
 */
export function parseYaml(text: string, source: string, position = true): { tree: Tree } | { errors: Unreadable[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core', merge: false });
  const errors: Unreadable[] = [];

  function originOf(offset: number | undefined): Origin {
    if (!position || offset === undefined) return { source };
    const { line, col } = lines.linePos(offset);
    return { source, line, column: col };
  }

  function walk(node: Node | null | undefined, above: Origin): Tree {
    const at = node?.range ? originOf(node.range[0]) : above;
    if (node === null || node === undefined) return { at, kind: 'scalar', value: null };
    if (isSeq<Node | null>(node)) return { at, kind: 'list', items: node.items.map((item) => walk(item, at)) };
    if (isMap<Node, Node | null>(node)) {
      const entries = node.items.map((pair) => {
        const keyAt = originOf(pair.key.range?.[0]);
        const key = isScalar(pair.key) ? pair.key.value : undefined;
        if (typeof key !== 'string') errors.push({ at: keyAt, why: 'a key that is not a text' });
        return { key: String(key), at: keyAt, value: walk(pair.value, keyAt) };
      });
      return { at, kind: 'map', entries };
    }
    const value: unknown = isScalar(node) ? node.value : undefined;
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return { at, kind: 'scalar', value };
    }
    errors.push({ at, why: isScalar(node) ? 'a value of an unknown type' : 'an alias, which is not supported here' });
    return { at, kind: 'scalar', value: null };
  }

  // The parser's own sentences quote the file, and with it perhaps a secret; its codes do not.
  for (const problem of [...document.errors, ...document.warnings]) {
    errors.push({ at: originOf(problem.pos[0]), why: problem.code.toLowerCase().replaceAll('_', ' ') });
  }
  if (errors.length > 0) return { errors };
  const tree = walk(document.contents, { source });
  return errors.length > 0 ? { errors } : { tree };
}
