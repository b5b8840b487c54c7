#!/usr/bin/env bash
# Fetches the redis-server and valkey-server of several Debian releases, each with its own libraries, into a cache folder.
# It installs nothing and needs no root. What the cache has is not fetched again: delete a folder in it to fetch it anew.
#
#	scripts/servers.sh                          fetches all, and prints a line for each: NAME, VERSION, PROGRAM
#	scripts/servers.sh redis-6.0 valkey-9.1     the same for these two
#	scripts/servers.sh with redis-6.0 COMMAND…  runs a command whose tests start that server (entratest.StartRedis)
#
# The cache is ENTRAREDIS_SERVERS, or entraredis-servers in the user's cache folder. The mirrors are apt's own. Where apt's
# are not Debian's, as on Ubuntu, set DEBIAN_MIRROR, and DEBIAN_SECURITY_MIRROR if there is one.
set -euo pipefail

all=(redis-6.0 redis-7.0 redis-8.0 valkey-8.1 valkey-9.1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

suite_of() {
	case $1 in
	redis-6.0) echo bullseye ;;
	redis-7.0) echo bookworm ;;
	redis-8.0 | valkey-8.1) echo trixie ;;
	valkey-9.1) echo sid ;; # which moves on: the version that it has now is printed
	*) return 1 ;;
	esac
}

fail() {
	echo "servers: $1" >&2
	exit 1
}

# cannot_fetch NAME WHY WHAT fails with what to do.
cannot_fetch() {
	fail "$1 cannot be fetched: $2.
$3
Or put a program or a script that behaves like redis-server, of any version, at $cache/$1/redis-server."
}

# debian_mirror security|main prints the repository from which apt itself has Debian, or nothing.
debian_mirror() {
	[ "$(. /etc/os-release && echo "$ID")" = debian ] || return 0
	apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(REPO_URI)' | awk -v want="$1" '
		$1 != "Packages" || $3 !~ /\/debian(-security)?\/$/ { next }
		{ is = $2 ~ /-security$/ ? "security" : $2 ~ /-/ ? "other" : "main" }
		is == want && !printed { print $3; printed = 1 }'
}

# read_index NAME SUITE gives apt a state of its own, in which no package is installed, with the Packages files of a suite
# and of its security updates. It leaves apt's configuration in conf.
read_index() {
	local name=$1 suite=$2 state="$work/$2" main security
	conf="$state/apt.conf"
	[ ! -e "$conf" ] || return 0
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
		cannot_fetch "$name" "it is a package of Debian's, and apt-get and dpkg-deb are not on PATH" \
			"Run this on Debian or Ubuntu, in a container for example."
	[ -r "$keyring" ] || cannot_fetch "$name" "$keyring is missing" "Install debian-archive-keyring."
	main=${DEBIAN_MIRROR:-$(debian_mirror main)}
	security=${DEBIAN_SECURITY_MIRROR:-$(debian_mirror security)}
	[ -n "$main" ] || cannot_fetch "$name" "apt has no mirror of Debian" \
		"Set DEBIAN_MIRROR, for example to http://deb.debian.org/debian."
	mkdir -p "$state/lists/partial" "$state/archives/partial"
	: >"$state/status"
	echo "deb [signed-by=$keyring] $main $suite main" >"$state/sources.list"
	if [ "$suite" != sid ] && [ -n "$security" ]; then
		echo "deb [signed-by=$keyring] $security $suite-security main" >>"$state/sources.list"
	fi
	# The machine's own settings for proxies and logins stay; its hooks and pins do not. The index of a release that Debian
	# has archived is signed, but not anew.
	cat >"$conf.new" <<-END
		#clear APT::Update;
		#clear APT::Default-Release;
		#clear Acquire::IndexTargets::deb::DEP-11;
		#clear Acquire::IndexTargets::deb::Contents-deb;
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		Acquire::PDiffs "false";
		Acquire::Retries "3";
		APT::Architectures { "$(dpkg --print-architecture)"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Debug::NoLocking "true";
		Dir::State "$state";
		Dir::State::lists "$state/lists";
		Dir::State::status "$state/status";
		Dir::Cache "$state";
		Dir::Cache::archives "$state/archives";
		Dir::Log "$state";
		Dir::Etc::sourcelist "$state/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
	END
	apt-get -c "$conf.new" -qq update -o APT::Update::Error-Mode=any >&2 || cannot_fetch "$name" \
		"apt-get cannot read the index of Debian $suite at $main" \
		"Check the network. If Debian has archived the release, set DEBIAN_MIRROR to http://archive.debian.org/debian and
DEBIAN_SECURITY_MIRROR to http://archive.debian.org/debian-security."
	mv "$conf.new" "$conf"
}

# download NAME SUITE FOLDER downloads the server of a suite and the libraries that apt would install with it.
download() {
	local name=$1 suite=$2 folder=$3 kind=${1%-*}
	read_index "$name" "$suite"
	mkdir -p "$folder/debs"
	# Debian's server is in the package of its tools: redis-server is a link to redis-check-rdb.
	apt-get -c "$conf" -qq --simulate install "$kind-tools" |
		awk -v tools="$kind-tools" '$1 == "Inst" && ($2 == tools || $2 ~ /^(lib|lua-|zlib)/) { sub(/^\(/, "", $3); print $2 "=" $3 }' \
			>"$folder/packages"
	grep -q "^$kind-tools=" "$folder/packages" ||
		cannot_fetch "$name" "Debian $suite has no package $kind-tools" "Change the table in scripts/servers.sh."
	echo "servers: fetching $name from Debian $suite: $(grep "^$kind-tools=" "$folder/packages")" >&2
	(cd "$folder/debs" && xargs apt-get -c "$conf" -qq download <"$folder/packages" >&2) ||
		cannot_fetch "$name" "the download of its packages failed" "Check the network, and run this again."
}

# unpack NAME FOLDER makes programs of what was downloaded. They are to run as if the folder were $cache/NAME.
unpack() {
	local name=$1 folder=$2 kind=${1%-*} root="$2/root" final="$cache/$1/root" libs loader missing deb program
	mkdir -p "$root"
	for deb in "$folder"/debs/*.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	rm -r "$folder/debs"
	rm -rf "$root"/usr/share "$root"/usr/lib/*/gconv
	ln -sf "$kind-check-rdb" "$root/usr/bin/$kind-server" # as the package of the server does

	# A program takes its own libraries if the loader of its own libc starts it. The system's loader takes no other libc.
	libs=$(find "$root" -type d -path '*lib/*-linux-gnu*' -prune -print | paste -s -d :)
	loader=$(find "$root" -path '*lib/*-linux-gnu*/ld-linux*.so.*' | head -n 1)
	[ -n "$loader" ] || fail "$name: its libc6 has no loader"
	missing=$("$loader" --inhibit-cache --library-path "$libs" --list "$root/usr/bin/$kind-server" |
		grep -v -F -e "$root/" -e linux-vdso || true)
	[ -z "$missing" ] || fail "$name: these libraries are not its own: $missing"
	for program in cli server; do
		cat >"$folder/redis-$program" <<-END
			#!/bin/sh
			exec "${loader/#$root/$final}" --inhibit-cache --library-path "${libs//$root/$final}" "$final/usr/bin/$kind-$program" "\$@"
		END
		chmod +x "$folder/redis-$program"
	done
}

# version_of NAME prints the version of a server that is in the cache and runs, else nothing.
version_of() {
	"$cache/$1/redis-server" --version 2>/dev/null | sed -n 's/.* v=\([0-9.]*\) .*/\1/p' || true
}

# provide NAME sees to it that a server is in the cache and runs, and sets version.
provide() {
	local name=$1 suite folder="$cache/.$1.new"
	suite=$(suite_of "$name") || fail "$name is none of: ${all[*]}"
	version=$(version_of "$name")
	[ -z "$version" ] || return 0
	rm -rf "$folder"
	download "$name" "$suite" "$folder"
	unpack "$name" "$folder"
	rm -rf "${cache:?}/$name"
	mv "$folder" "$cache/$name"
	version=$(version_of "$name")
	[ -n "$version" ] || fail "$name: what Debian $suite has does not run here: $("$cache/$name/redis-server" --version 2>&1 | tail -n 1)"
}

# lock keeps two of these scripts from fetching at the same time.
lock() {
	command -v flock >/dev/null || return 0 # part of every Debian
	exec 9>"$cache/lock"
	flock 9
}

cache=${ENTRAREDIS_SERVERS:-${XDG_CACHE_HOME:-${HOME:?has no value: set ENTRAREDIS_SERVERS to a folder}/.cache}/entraredis-servers}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lock
if [ "${1:-}" = with ]; then
	[ $# -ge 3 ] || fail "with which server, and to run what? scripts/servers.sh with redis-6.0 go test ./internal/differential"
	provide "$2"
	echo "servers: with $2, version $version" >&2
	export ENTRATEST_REDIS_SERVER="$cache/$2/redis-server"
	exec 9>&-
	rm -rf "$work"
	shift 2
	exec "$@"
fi
[ $# -gt 0 ] || set -- "${all[@]}"
for name in "$@"; do
	provide "$name"
	case $version in
	"${name#*-}".*) ;;
	*) echo "servers: Debian $(suite_of "$name") has ${name%-*} $version by now, and not ${name#*-}" >&2 ;;
	esac
	echo "$name $version $cache/$name/redis-server"
done
