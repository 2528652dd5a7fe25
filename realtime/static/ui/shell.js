/** What every signed-in page has: connection, bell, theme, menus. A page's own module imports it too. */

import "./bell.js";
import "./connection.js";
import "./menu.js";
import "./theme-switch.js";
