// What pages need besides htmx: news from the server, times in the reader's zone, copying with a click.
'use strict';

// News: one stream while the page is looked at, none while it is hidden, so that many open tabs cost one connection.
let stream = null;
function listen() {
  const address = document.body.dataset.events;
  if (!address || document.hidden) { stream?.close(); stream = null; return; }
  if (stream) return;
  stream = new EventSource(address);
  stream.addEventListener('changed', () => document.body.dispatchEvent(new CustomEvent('changed')));
}
document.addEventListener('visibilitychange', listen);
window.addEventListener('pagehide', () => { stream?.close(); stream = null; });
window.addEventListener('pageshow', listen);

// Times: the page has them in UTC; here they become local, and short where they are of today.
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const hour = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
function times(root) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    const short = day.format(at) === day.format(new Date()) ? hour.format(at) : `${day.format(at)}, ${hour.format(at)}`;
    if (time.textContent !== short) time.textContent = short;
    time.title = time.dateTime;
  }
}
document.addEventListener('DOMContentLoaded', () => times(document));
document.addEventListener('htmx:afterSettle', () => times(document));

// Copying.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const source = button.dataset.copy;
  await navigator.clipboard.writeText(source.startsWith('#') ? document.querySelector(source).textContent : source);
  document.getElementById('said').textContent = 'Copied';
  button.classList.add('copied');
  setTimeout(() => button.classList.remove('copied'), 1200);
});

// A choice that leads to another form of the page.
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-submit]')) event.target.form.requestSubmit();
});

// What a reader has opened stays open when the page around it is refreshed.
document.addEventListener('DOMContentLoaded', () => {
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === 'open' && node.localName === 'details');
});

// On a narrow screen the list of pages scrolls sideways: the page that is shown is in view.
document.addEventListener('DOMContentLoaded', () => {
  document.querySelector('.top nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
});
