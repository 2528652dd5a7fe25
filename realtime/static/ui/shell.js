/** What every signed-in page has: connection, theme, menus. A page's own module imports it too. */

import "./connection.js";
import "./menu.js";
import "./theme-switch.js";
