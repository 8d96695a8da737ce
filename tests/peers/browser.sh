# A real browser, Chromium without a window, driven by WebDriver (chromedriver) with curl. Source it; jq is needed.
#
#   browser_start FOLDER     0, or 1: there is none here (browser_why says what is missing)
#   browser_go URL           goes there, and waits for the page
#   browser_type CSS TEXT    types into what the selector finds
#   browser_click CSS        clicks on it
#   browser_text [CSS]       the text of the page, or of that
#   browser_url              where it is now
#   browser_until WORDS...   runs the command until it succeeds, half a minute at most: pages come when they come
#   browser_stop
browser_start() {
	browser_why=
	command -v chromedriver >/dev/null || browser_why="there is no chromedriver here"
	command -v chromium >/dev/null || browser_why="there is no chromium here"
	[ -z "$browser_why" ] || return 1
	mkdir -p "$1/profile"
	local port session
	for port in $(shuf -i 20000-32000 -n 5); do
		chromedriver --port="$port" --log-path="$1/chromedriver.log" >"$1/driver" 2>&1 &
		browser_pid=$!
		for _ in $(seq 300); do
			curl -sf "http://127.0.0.1:$port/status" >/dev/null && break 2
			kill -0 $browser_pid 2>/dev/null || break
			sleep 0.1
		done
	done
	browser_driver=http://127.0.0.1:$port
	session=$(jq -cn --arg profile "$1/profile" '{capabilities: {alwaysMatch: {"acceptInsecureCerts": true, "goog:chromeOptions": {args: ["--headless=new", "--no-sandbox",
		"--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", ("--user-data-dir=" + $profile)]}}}}' |
		curl -s -m 120 -d @- "$browser_driver/session" | jq -r '.value.sessionId // .value.message')
	browser_session=$browser_driver/session/$session
	case $session in *' '* | '') browser_why="chromium does not start: $(head -n 1 <<<"$session")"; browser_stop; return 1 ;; esac
}
browser_stop() {
	[ -z "${browser_session:-}" ] || curl -s -m 20 -X DELETE "$browser_session" >/dev/null
	[ -z "${browser_pid:-}" ] || kill "$browser_pid" 2>/dev/null
	browser_session='' browser_pid=''
}
browser_go() { jq -cn --arg url "$1" '{url: $url}' | curl -s -m 60 -d @- "$browser_session/url" >/dev/null; }
browser_element() { jq -cn --arg css "$1" '{using: "css selector", value: $css}' | curl -s -m 20 -d @- "$browser_session/element" | jq -er '.value | to_entries[0].value | select(test("^f[.]|^[0-9a-fA-F-]{20,}"))' 2>/dev/null; }
browser_type() { local at; at=$(browser_element "$1") && jq -cn --arg text "$2" '{text: $text}' | curl -s -m 20 -d @- "$browser_session/element/$at/value" >/dev/null; }
browser_click() { local at; at=$(browser_element "$1") && curl -s -m 60 -d '{}' "$browser_session/element/$at/click" >/dev/null; }
browser_text() { local at; at=$(browser_element "${1:-body}") && curl -s -m 20 "$browser_session/element/$at/text" | jq -r .value; }
browser_url() { curl -s -m 20 "$browser_session/url" | jq -r .value; }
browser_until() { for _ in $(seq 100); do "$@" && return 0; sleep 0.3; done; return 1; }
