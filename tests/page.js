// What the browser sees of a page: text that hardly stands out from what is behind it, names that
// are cut off, and by how much the page is wider than its window.
function seen(page) {
  const channels = color => {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
    const most = color.startsWith("color(") ? 255 : 1;
    return [red * most, green * most, blue * most, alpha];
  };
  const over = (front, back) =>
    [0, 1, 2].map(i => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
  const light = color => {
    const linear = color.slice(0, 3).map(value => value / 255)
      .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const known = new Map();  // what is behind an element, and how much of it is seen
  const around = one => {
    if (!one) return {behind: [255, 255, 255, 1], opacity: 1};
    if (!known.has(one)) {
      const {behind, opacity} = around(one.parentElement), style = getComputedStyle(one);
      known.set(one, {
        behind: over(channels(style.backgroundColor), behind), opacity: opacity * style.opacity
      });
    }
    return known.get(one);
  };
  const faint = {}, cut = [];
  const texts = document.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, range = page.createRange();
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (!text.data.trim() || !box.width || !box.height) continue;
    const {behind, opacity} = around(text.parentElement);
    const own = getComputedStyle(text.parentElement);
    const color = channels(own.color);
    if (!opacity || own.visibility === "hidden") continue;
    const [low, high] = [over([...color.slice(0, 3), color[3] * opacity], behind), behind]
      .map(light).sort((one, other) => one - other);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) faint[`${own.color} on ${behind.slice(0, 3)}`] = text.data.trim().slice(0, 40);
  }
  for (const one of page.querySelectorAll("main *")) {
    if (getComputedStyle(one).textOverflow === "ellipsis" && one.scrollWidth > one.clientWidth + 1)
      cut.push(one.textContent.trim().slice(0, 60));
  }
  const root = page.documentElement;
  return {faint, cut, over: Math.max(0, root.scrollWidth - page.defaultView.innerWidth)};
}
