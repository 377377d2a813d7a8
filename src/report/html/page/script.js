'use strict';
(() => {
  const id = (name) => document.getElementById(name);
  const show = () => {
    const target = location.hash && id(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener('hashchange', show);
  // Paper cannot be opened: what is shown is printed, but of profiles only those that somebody opened, for they are many.
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('details:not([open], .anatomy, .twin)')].filter((one) => !one.hidden);
    for (const one of closed) one.open = true;
  });
  addEventListener('afterprint', () => { for (const one of closed) one.open = false; });

  const form = id('filter');
  if (!form) { show(); return; }
  const list = id('cards');
  const cards = [...list.querySelectorAll('details.finding')].map((card) => ({
    card, text: null, n: +card.dataset.n, s: +card.dataset.s, r: card.dataset.r, a: card.dataset.a, t: card.dataset.t,
  }));
  const words = (one) => one.text ?? (one.text = one.card.textContent.toLowerCase());
  // The text of thousands of cards is gathered while nothing else is to be done, so that the first search need not wait.
  const gather = (left) => window.requestIdleCallback?.((idle) => {
    while (left.length > 0 && idle.timeRemaining() > 1) words(left.pop());
    if (left.length > 0) gather(left);
  });
  gather([...cards]);
  const rank = { high: 0, medium: 1, low: 2 };
  const collator = new Intl.Collator('en', { numeric: true });
  const orders = {
    severity: (a, b) => a.n - b.n,
    account: (a, b) => collator.compare(a.a, b.a) || a.n - b.n,
    rule: (a, b) => collator.compare(a.r, b.r) || a.n - b.n,
    time: (a, b) => (a.t < b.t) - (a.t > b.t) || a.n - b.n,
  };
  const plural = (number) => number.toLocaleString('en') + (number === 1 ? ' finding' : ' findings');
  const filter = () => {
    const wanted = id('q').value.toLowerCase().split(/\s+/).filter(Boolean);
    const [severity, account, rule] = [rank[id('fs').value] ?? 9, id('fa').value, id('fr').value];
    let shown = 0;
    for (const one of cards) {
      const fits = one.s <= severity && (!account || one.a === account) && (!rule || one.r === rule)
        && wanted.every((word) => words(one).includes(word));
      if (one.card.hidden === fits) one.card.hidden = !fits;
      shown += fits;
    }
    id('count').value = shown === cards.length ? plural(shown) : shown.toLocaleString('en') + ' of ' + plural(cards.length);
    id('nothing').hidden = shown > 0;
  };
  const sort = () => {
    cards.sort(orders[id('fo').value] ?? orders.severity);
    list.append(...cards.map((one) => one.card));
  };
  let waiting;
  id('q').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  for (const name of ['fs', 'fa', 'fr']) id(name).addEventListener('change', filter);
  id('fo').addEventListener('change', sort);
  form.addEventListener('reset', () => setTimeout(() => { filter(); sort(); }));
  form.addEventListener('submit', (event) => { event.preventDefault(); filter(); });
  id('open').addEventListener('click', () => {
    const visible = cards.filter((one) => !one.card.hidden);
    const open = visible.some((one) => !one.card.open);
    for (const one of visible) one.card.open = open;
    id('open').textContent = open ? 'Close all' : 'Open all';
  });
  form.hidden = false;
  // A browser may give back what was typed before the page was loaded again.
  filter();
  if (id('fo').value !== 'severity') sort();
  show();
})();
