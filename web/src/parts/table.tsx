// A table whose rows become cards where the page is narrow.

import type { ComponentChildren } from "preact";

export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  isNumber?: boolean;
}

export function Table<T>({
  caption,
  columns,
  rows,
  id,
}: {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
}) {
  return (
    <table>
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th scope="col" class={column.isNumber ? "number" : ""} key={column.name}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={id(row)}>
            {columns.map((column) => (
              <td class={column.isNumber ? "number" : ""} data-name={column.name} key={column.name}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
