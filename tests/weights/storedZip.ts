/** A zip of files that are stored as they are; with `wide`, all its sizes and places are in zip64 fields. */
export function storedZip(files: Readonly<Record<string, Uint8Array>>, { wide = false } = {}): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  const add = (list: Buffer[], ...more: Buffer[]) => list.push(...more);
  for (const [name, content] of Object.entries(files)) {
    const path = Buffer.from(name);
    const size = content.length;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt32LE(size, 18);
    local.writeUInt32LE(size, 22);
    local.writeUInt16LE(path.length, 26);
    local.writeUInt16LE(5, 28); // an extra field that only the file's own header has
    const padding = Buffer.from([0x46, 0x42, 1, 0, 0x5a]);
    const extra = Buffer.alloc(wide ? 28 : 0);
    if (wide) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      for (const [index, value] of [size, size, position].entries())
        extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
    }
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt32LE(wide ? 0xffffffff : size, 20);
    central.writeUInt32LE(wide ? 0xffffffff : size, 24);
    central.writeUInt16LE(path.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(wide ? 0xffffffff : position, 42);
    add(directory, central, path, extra);
    add(parts, local, path, padding, Buffer.from(content));
    position += 30 + path.length + 5 + size;
  }
  const listed = Buffer.concat(directory);
  const count = Object.keys(files).length;
  const end64 = Buffer.alloc(wide ? 76 : 0);
  if (wide) {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(44n, 4);
    end64.writeBigUInt64LE(BigInt(count), 32);
    end64.writeBigUInt64LE(BigInt(listed.length), 40);
    end64.writeBigUInt64LE(BigInt(position), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(position + listed.length), 64);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(wide ? 0xffff : count, 10);
  end.writeUInt32LE(wide ? 0xffffffff : listed.length, 12);
  end.writeUInt32LE(wide ? 0xffffffff : position, 16);
  return Buffer.concat([...parts, listed, end64, end]);
}
