/** A frame for what may be longer than the screen: it scrolls within, and its end can be followed. */

import { h } from "./dom.js";

const NEAR = 4; // pixels from the end that count as being there

/**
 * Returns a frame. Its end stays in sight while the content grows, unless one has scrolled away from
 * it; it is a stop for the keyboard only when there is something to scroll.
 *
 * @param {HTMLElement} content
 * @param {{label: string, follows: boolean}} options
 */
export function framed(content, { label, follows }) {
  const frame = h("div", { class: "frame" }, content);
  let isAtEnd = true;
  let last = 0;
  frame.addEventListener("scroll", () => {
    // what has grown meanwhile is no wish to stay: only a hand goes up
    if (frame.scrollTop < last) isAtEnd = false;
    if (frame.scrollTop + frame.clientHeight >= frame.scrollHeight - NEAR) isAtEnd = true;
    last = frame.scrollTop;
  });
  // a wheel is heard before it moves anything, or what grows would undo its first step
  const lift = (/** @type {WheelEvent} */ event) => {
    if (event.deltaY < 0) isAtEnd = false;
  };
  frame.addEventListener("wheel", lift, { passive: true });
  const observer = new ResizeObserver(() => {
    const isLonger = frame.scrollHeight > frame.clientHeight + NEAR;
    if (isLonger) {
      frame.tabIndex = 0;
      frame.setAttribute("role", "region");
      frame.setAttribute("aria-label", label);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) frame.removeAttribute(name);
    }
    frame.classList.toggle("longer", isLonger);
    if (!follows || !isAtEnd) return;
    frame.scrollTop = frame.scrollHeight;
    last = frame.scrollTop; // at once: a hand may move before this is told as an event
  });
  observer.observe(content);
  observer.observe(frame);
  return frame;
}
