# A daemon with local accounts, and browsers that go through its pages. Source it behind flow.sh.
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\"
sign_on {
	return_to = { \"https://app.example/\" }
	password_cost = interactive
}"
flow_start

# A browser: what it asks and is told stands in $status, $location, $body; the forms of the page are filled in by hand.
ask() { # ask JAR [CURL WORDS]
	local jar=$flow_dir/jar.$1
	shift
	status=$(curl -s -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$jar" -c "$jar" "$@")
	location=$(sed -n 's/^location: //Ip' "$flow_dir/head" | tr -d '\r')
	body=$(cat "$flow_dir/body")
}
field() { sed -n "s/.*name=\"$1\"[^>]*value=\"\([^\"]*\)\".*/\1/p" <<<"$body" | head -1; }
flat() { tr '\n' ' ' <<<"$body"; }
heading() { sed -n 's|.*<h1>\(.*\)</h1>.*|\1|p' <<<"$body"; }
sign_on() { # sign_on JAR ADDRESS PASSWORD [CURL WORDS]
	ask "$1" "$here/login/password"
	ask "$1" --data-urlencode "form=$(field form)" --data-urlencode "email=$2" --data-urlencode "password=$3" "${@:4}" "$here/login/password"
}
whoami() { ask "$1" "$here/session"; echo "$status $(jq -r '.name // .code' <<<"$body")"; }
link() { ctl account link "$@" --json | jq -r .url; }
set_password() { # set_password JAR URL PASSWORD [AGAIN]
	ask "$1" "$2"
	ask "$1" --data-urlencode "form=$(field form)" --data-urlencode "token=$(field token)" --data-urlencode "password=$3" \
		--data-urlencode "again=${4-$3}" "$here/login/link"
}
code() { # code SECRET [STEPS]: what an authenticator shows, so many steps from now
	local step key mac at
	step=$(printf %016x $(($(date +%s) / 30 + ${2:-0})))
	key=$(base32 -d <<<"$1" | od -An -tx1 | tr -d ' \n')
	mac=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$step")" | openssl dgst -sha1 -mac HMAC -macopt "hexkey:$key" -r | cut -d' ' -f1)
	at=$((16#${mac:39:1} * 2))
	printf '%06d\n' $(((16#${mac:at:8} & 0x7fffffff) % 1000000))
}
answer() { # answer JAR PATH CODE: the page that was shown asks for it
	local form step
	form=$(field form) step=$(field step)
	ask "$1" --data-urlencode "form=$form" --data-urlencode "step=$step" --data-urlencode "code=$3" "$here$2"
}
account() { # account JAR ACTION PASSWORD [CURL WORDS]
	ask "$1" "$here/account"
	ask "$1" --data-urlencode "form=$(field form)" -d "action=$2" --data-urlencode "password=$3" "${@:4}" "$here/account"
}
key() { sed -n 's|.*<p><code>\([A-Z2-7]\{32\}\)</code>.*|\1|p' <<<"$body"; }
last() { query "SELECT string_agg(action, ' ' ORDER BY id) FROM (SELECT action, id FROM audit ORDER BY id DESC LIMIT ${1:-1}) a"; }
good='nine blue elephants' other='seven green tigers'
