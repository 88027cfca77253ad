// Search, sorting and CSV of the report's lists; each list holds its rows as JSON.
for (const list of document.querySelectorAll('.list')) {
  const {name, head, rows} = JSON.parse(list.querySelector('script').textContent);
  const [body, more, count] = ['tbody', '.more', '.count'].map(each => list.querySelector(each));
  const search = list.querySelector('input'), fold = text => String(text).toLowerCase();
  let shown = 50, column = -1, ascending = true, found = rows;
  const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b
    : String(a).localeCompare(String(b));
  const draw = () => {
    body.replaceChildren(...found.slice(0, shown).map(row => {
      const line = document.createElement('tr');
      line.append(...row.map((value, at) => {
        const cell = document.createElement('td');
        cell.dataset.label = head[at];
        cell.textContent = typeof value === 'number' ? value : value || '-';
        return cell;
      }));
      return line;
    }));
    count.textContent = `${Math.min(shown, found.length)} of ${found.length}`;
    more.hidden = shown >= found.length;
  };
  const select = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    found = rows.filter(row => words.every(word => row.some(value => fold(value).includes(word))));
    if (column >= 0) {
      found.sort((a, b) => (ascending ? 1 : -1) * compare(a[column], b[column]));
    }
    draw();
  };
  search.addEventListener('input', () => { shown = 50; select(); });
  more.addEventListener('click', () => { shown += 200; draw(); });
  const sortBy = at => {
    ascending = column === at ? !ascending : true;
    column = at;
    list.querySelectorAll('th').forEach((th, each) => th.setAttribute('aria-sort',
      each === at ? (ascending ? 'ascending' : 'descending') : 'none'));
    select();
  };
  list.querySelectorAll('th button').forEach((button, at) =>
    button.addEventListener('click', () => sortBy(at)));
  list.querySelector('.csv').addEventListener('click', () => {
    const quote = value => {
      const text = String(value);
      const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
      return `"${safe.replaceAll('"', '""')}"`;
    };
    const lines = [head, ...found].map(row => row.map(quote).join(','));
    const file = new Blob(['\ufeff' + lines.join('\r\n') + '\r\n'], {type: 'text/csv'});
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = `${name}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  draw();
}
