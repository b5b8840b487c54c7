package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A client is a client library that gets another dial function.
type client struct {
	module string
	// patches are the places that its versions have. Exactly one fits.
	patches []patch
}

// A patch changes one place of a file. Those of a client call tokendial where it opens a connection.
type patch struct {
	file string // below the module's root, with slashes
	old  string // occurs exactly once in file
	new  string // stands in its place
}

func clients() []client {
	const dialerOfV7 = "return opt.Dialer(ctx, opt.Network, opt.Addr)"
	const patchOfV7 = "return tokendial.Dial(ctx, opt.Network, opt.Addr, opt.Dialer)"
	return []client{
		{"github.com/redis/go-redis/v9", []patch{{
			"redis.go", "return c.opt.Dialer(ctx, network, addr)", "return tokendial.Dial(ctx, network, addr, c.opt.Dialer)",
		}}},
		{"github.com/go-redis/redis/v8", []patch{{"options.go", dialerOfV7, patchOfV7}}},
		{"github.com/go-redis/redis/v7", []patch{{"options.go", dialerOfV7, patchOfV7}}},
		{"github.com/go-redis/redis", []patch{{
			"options.go", "Dialer:             opt.Dialer,",
			"Dialer: func() (net.Conn, error) { return tokendial.DialWithoutContext(opt.Network, opt.Addr, func(_, _ string) (net.Conn, error) { return opt.Dialer() }) },",
		}}},
		{"github.com/gomodule/redigo", []patch{
			{
				"redis/conn.go", "netConn, err := do.dialContext(ctx, network, address)",
				"netConn, err := tokendial.Dial(ctx, network, address, do.dialContext)",
			},
			{
				"redis/conn.go", "netConn, err := do.dial(network, address)",
				"netConn, err := tokendial.DialWithoutContext(network, address, do.dial)",
			},
		}},
		{"github.com/redis/rueidis", []patch{rueidisPatch("rueidis.go")}},
		{"github.com/valkey-io/valkey-go", []patch{rueidisPatch("valkey.go")}},
		{"github.com/mediocregopher/radix/v4", []patch{{
			"conn.go", "netConn, err := d.NetDialer.DialContext(ctx, network, addr)",
			"netConn, err := tokendial.Dial(ctx, network, addr, d.NetDialer.DialContext)",
		}}},
	}
}

// rueidisPatch renames the dial function of rueidis or of its sister, and puts another one before it.
func rueidisPatch(file string) patch {
	const signature = "(ctx context.Context, dst string, opt *ClientOption) (conn net.Conn, err error) {\n"
	return patch{file, "func dial" + signature, "func dial" + signature +
		"	return tokendial.Dial(ctx, \"tcp\", dst, func(ctx context.Context, _, dst string) (net.Conn, error) {\n" +
		"		return dialServer(ctx, dst, opt)\n" +
		"	})\n" +
		"}\n\nfunc dialServer" + signature}
}

var packageClause = regexp.MustCompile(`(?m)^package \w+$`)

// apply puts tokendial and the patch that fits into the copy of the client at dir. The files of tokendial are written in
// another version of the language than the client's.
func (c client) apply(dir, tokendial, goVersion string) error {
	var tried []string
	for _, p := range c.patches {
		file := filepath.Join(dir, filepath.FromSlash(p.file))
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		patched, err := p.apply(string(src), c.module)
		if err != nil {
			tried = append(tried, err.Error())
			continue
		}
		if err := os.WriteFile(file, []byte(patched), 0o666); err != nil {
			return err
		}
		minor := strings.Join(strings.SplitN(goVersion, ".", 3)[:2], ".")
		return copyPackage(tokendial, filepath.Join(dir, "tokendial"), "//go:build go"+minor+"\n\n")
	}
	return fmt.Errorf("no patch fits %s: %s", c.module, strings.Join(tried, "; "))
}

// apply changes the text of the file, and has it import the client's tokendial.
func (p patch) apply(src, module string) (string, error) {
	src, err := p.change(src)
	if err != nil {
		return "", err
	}
	clause := packageClause.FindStringIndex(src)
	if clause == nil {
		return "", fmt.Errorf("%s has no package clause", p.file)
	}
	return src[:clause[1]] + "\n\nimport \"" + module + "/tokendial\"\n" + src[clause[1]:], nil
}

func (p patch) change(src string) (string, error) {
	if n := strings.Count(src, p.old); n != 1 {
		return "", fmt.Errorf("%s contains %d times, want once: %q", p.file, n, p.old)
	}
	return strings.Replace(src, p.old, p.new, 1), nil
}

// changeFile changes the file in a folder.
func (p patch) changeFile(dir string) error {
	file := filepath.Join(dir, filepath.FromSlash(p.file))
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed, err := p.change(string(src))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(changed), 0o666)
}
