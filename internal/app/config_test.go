package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// parse reads a command line as `cistern serve` does, with the content of a
// configuration file unless it is empty, in an environment without variables
// of ours but env ("NAME=value").
func parse(t *testing.T, env, file string, args ...string) (*Config, error) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "CISTERN_") {
			t.Setenv(name, value) // so that it comes back
			_ = os.Unsetenv(name)
		}
	}
	if name, value, ok := strings.Cut(env, "="); ok {
		t.Setenv(name, value)
	}
	if file != "" {
		name := filepath.Join(t.TempDir(), "cistern.yaml")
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append([]string{"--config", name}, args...)
	}
	c, parser := program(t)
	_, err := parser.Parse(args)
	return c, err
}

// program returns a Config, and the parser that fills it.
func program(t *testing.T) (*Config, *kong.Kong) {
	t.Helper()
	var p struct {
		File File `name:"config"`
		Config
	}
	parser, err := kong.New(&p, kong.Name("cistern"), kong.DefaultEnvars("CISTERN"))
	if err != nil {
		t.Fatal(err)
	}
	return &p.Config, parser
}

// checkConfig compares all settings, the policy for private origins in the
// form in which it is written.
func checkConfig(t *testing.T, got, want Config, private string) {
	t.Helper()
	if s := got.AllowPrivateOrigins.String(); s != private {
		t.Errorf("AllowPrivateOrigins = %s; want %s", s, private)
	}
	got.AllowPrivateOrigins, want.AllowPrivateOrigins = Addresses{}, Addresses{}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(zone.AddressPolicy{})); d != "" {
		t.Errorf("settings (-want +got):\n%s", d)
	}
}

func TestConfigDefaults(t *testing.T) {
	c, err := parse(t, "", "")
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data: "cistern-data", HTTP: ":8080", HTTPS: "off", API: "127.0.0.1:7480", Ops: "127.0.0.1:7481", Link: "off",
		H2: "off", H3: "off", Etcd: "off", Cluster: "off", History: "off",
		BaseDomain: "localhost", DrainTimeout: Duration(30 * time.Second), FillBudget: Duration(time.Minute), MaxConnectionsPerAddress: 1000,
		CacheMemory: 256 << 20, CacheDisk: "off", LogFormat: "text", LogLevel: Level(slog.LevelInfo), AccessLog: "off",
	}
	checkConfig(t, *c, want, "all")
}

// A fault is one line that names the flag and the value, and says what would
// be right.
func TestConfigErrors(t *testing.T) {
	tests := []struct {
		name  string
		args  string
		words []string // that the error has
	}{
		{name: "address", args: "--http=nonsense", words: []string{"--http", `"nonsense"`, "HOST:PORT, :PORT or off"}},
		{name: "port alone", args: "--ops=7481", words: []string{"--ops", `"7481"`, "HOST:PORT, :PORT or off"}},
		{name: "empty address", args: "--http=", words: []string{"--http", `""`, "HOST:PORT, :PORT or off"}},
		{name: "large port", args: "--api=127.0.0.1:65536", words: []string{"--api", `"127.0.0.1:65536"`, "0 to 65535"}},
		{name: "signed port", args: "--http=:+80", words: []string{"--http", `":+80"`, "0 to 65535"}},
		{name: "port by name", args: "--http=:http", words: []string{"--http", `":http"`, "0 to 65535"}},
		{name: "host by name", args: "--http=example.com:80", words: []string{"--http", `"example.com:80"`, "IP address"}},

		{name: "https", args: "--https=:8443", words: []string{"--https", `":8443"`, "not built in this version", "off"}},
		{name: "link", args: "--link=:7443", words: []string{"--link", `":7443"`, "not built in this version", "off"}},
		{name: "disk", args: "--cache-disk=10GiB", words: []string{"--cache-disk", `"10GiB"`, "not built in this version", "off"}},
		{name: "h2", args: "--h2=on", words: []string{"--h2", `"on"`, "not built in this version", "off"}},
		{name: "h3", args: "--h3=on", words: []string{"--h3", `"on"`, "not built in this version", "off"}},
		{name: "etcd", args: "--etcd=http://127.0.0.1:2379", words: []string{"--etcd", "2379", "not built in this version", "off"}},
		{name: "cluster", args: "--cluster=a=b:1", words: []string{"--cluster", "a=b:1", "not built in this version", "off"}},
		{name: "history", args: "--history=postgres://h", words: []string{"--history", "postgres://h", "not built in this version", "off"}},

		{name: "size", args: "--cache-memory=12parsecs", words: []string{"--cache-memory", `"12parsecs"`, "such as 64MiB"}},
		{name: "decimal unit", args: "--cache-memory=64MB", words: []string{"--cache-memory", `"64MB"`, "such as 64MiB"}},
		{name: "fraction", args: "--cache-memory=1.5GiB", words: []string{"--cache-memory", `"1.5GiB"`, "whole number"}},
		{name: "negative size", args: "--cache-memory=-1MiB", words: []string{"--cache-memory", `"-1MiB"`, "such as 64MiB"}},
		{name: "signed size", args: "--cache-memory=+1MiB", words: []string{"--cache-memory", `"+1MiB"`, "such as 64MiB"}},
		{name: "size beyond 64 bits", args: "--cache-memory=99999999TiB", words: []string{"--cache-memory", `"99999999TiB"`}},

		{name: "duration", args: "--drain-timeout=soon", words: []string{"--drain-timeout", `"soon"`, "such as 30s"}},
		{name: "duration without unit", args: "--drain-timeout=30", words: []string{"--drain-timeout", `"30"`, "unit", "such as 30s"}},
		{name: "negative delay", args: "--drain-delay=-5s", words: []string{"--drain-delay", "-5s", "must not be negative"}},
		{name: "negative duration", args: "--drain-timeout=-5s", words: []string{"--drain-timeout", "-5s", "must not be negative"}},
		{name: "no budget", args: "--fill-budget=0s", words: []string{"--fill-budget", "0s", "must be positive"}},

		{name: "log format", args: "--log-format=verse", words: []string{"--log-format", `"verse"`, "text or json"}},
		{name: "number", args: "--max-connections-per-address=many", words: []string{"--max-connections-per-address", `"many"`, "such as 1000"}},
		{name: "no connection", args: "--max-connections-per-address=0", words: []string{"--max-connections-per-address", `"0"`, "from 1"}},
		{name: "log level", args: "--log-level=loud", words: []string{"--log-level", `"loud"`, "debug, info, warn or error"}},
		{name: "networks", args: "--allow-private-origins=10.0.0.0/99", words: []string{"--allow-private-origins", `"10.0.0.0/99"`, "all, none", "10.0.0.0/8"}},
		{name: "switch", args: "--api-plain-http=maybe", words: []string{"--api-plain-http", `"maybe"`, "true"}},

		{name: "no data", args: "--data=", words: []string{"--data", "directory"}},
		{name: "base domain", args: "--base-domain=a..b", words: []string{"--base-domain", `"a..b"`, "DNS name"}},
		{name: "base domain with port", args: "--base-domain=example.com:80", words: []string{"--base-domain", `"example.com:80"`, "DNS name"}},
		{name: "base domain in capitals", args: "--base-domain=CDN.Example.com", words: []string{"--base-domain", `"CDN.Example.com"`, "cdn.example.com"}},
		{name: "wildcard", args: "--base-domain=*.example.com", words: []string{"--base-domain", `"*.example.com"`, "DNS name"}},
		{name: "address as base domain", args: "--base-domain=192.0.2.1", words: []string{"--base-domain", `"192.0.2.1"`, "DNS name"}},

		{name: "api in the clear", args: "--api=0.0.0.0:7480", words: []string{"--api", "0.0.0.0:7480", "--api-cert", "--api-plain-http"}},
		{name: "api in the clear everywhere", args: "--api=:7480", words: []string{"--api", ":7480", "--api-cert", "--api-plain-http"}},
		{name: "half a certificate", args: "--api-cert=a.pem", words: []string{"--api-cert", "--api-key", "both"}},
		{name: "half a certificate, the other", args: "--api-key=a.pem", words: []string{"--api-cert", "--api-key", "both"}},
		{name: "nothing to serve", args: "--http=off --api=off", words: []string{"--http", "--api", "off"}},
		{name: "unknown flag", args: "--htpp=:80", words: []string{"--htpp"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(t, "", "", strings.Fields(tt.args)...)
			checkLine(t, err, tt.words)
		})
	}
}

func checkLine(t *testing.T, err error, words []string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has several lines: %q", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

func TestConfigAccepts(t *testing.T) {
	for _, args := range []string{
		"--http=off", "--api=off", "--ops=off", "--http=:0", "--http=[::1]:80", "--http=0.0.0.0:80", "--api=localhost:80", "--api=[::1]:80", "--api=127.9.9.9:80",
		"--https=off --link=0 --cache-disk=0 --h2=off",
		"--api=:80 --api-plain-http", "--api=:80 --api-cert=a --api-key=b",
		"--cache-memory=0", "--cache-memory=4194304TiB", "--drain-timeout=0s", "--drain-timeout=1m30s", "--drain-delay=10s", "--max-connections-per-address=50000",
		"--log-level=debug", "--log-level=WARN", "--log-level=error",
		"--allow-private-origins=none", "--allow-private-origins=10.0.0.0/8,fd00::/8",
		"--base-domain=", "--base-domain=cdn.example.com",
	} {
		if _, err := parse(t, "", "", strings.Fields(args)...); err != nil {
			t.Errorf("parse %s: %v", args, err)
		}
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		text string
		want Size
	}{
		{"0", 0}, {"1", 1}, {"512B", 512}, {"1KiB", 1 << 10}, {"64MiB", 64 << 20}, {"3GiB", 3 << 30}, {"2TiB", 2 << 40},
	}
	for _, tt := range tests {
		var got Size
		if err := got.UnmarshalText([]byte(tt.text)); err != nil || got != tt.want {
			t.Errorf("UnmarshalText(%q) = %d, %v; want %d", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "B", "MiB", "1 MiB", "1mib", "1M", "1BiB", "1MiBMiB", "0x10", "1_000", "1e3", "4194305TiB", "9223372036854775808"} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("UnmarshalText(%q) = %d; want an error", text, got)
		}
	}
}

// Flag before environment before file before default.
func TestConfigPrecedence(t *testing.T) {
	tests := []struct {
		name string
		flag string
		env  string
		file string
		want Size
	}{
		{name: "default", want: 256 << 20},
		{name: "file", file: "cache_memory: 1MiB", want: 1 << 20},
		{name: "file, bare number", file: "cache_memory: 1048576", want: 1 << 20},
		{name: "environment", env: "CISTERN_CACHE_MEMORY=2MiB", want: 2 << 20},
		{name: "flag", flag: "3MiB", want: 3 << 20},
		{name: "environment before file", env: "CISTERN_CACHE_MEMORY=2MiB", file: "cache_memory: 1MiB", want: 2 << 20},
		{name: "flag before file", flag: "3MiB", file: "cache_memory: 1MiB", want: 3 << 20},
		{name: "flag before environment", flag: "3MiB", env: "CISTERN_CACHE_MEMORY=2MiB", want: 3 << 20},
		{name: "all", flag: "3MiB", env: "CISTERN_CACHE_MEMORY=2MiB", file: "cache_memory: 1MiB", want: 3 << 20},
		{name: "file of something else", env: "CISTERN_CACHE_MEMORY=2MiB", file: "http: off", want: 2 << 20},
		{name: "empty variable", env: "CISTERN_ACCESS_LOG=", file: "cache_memory: 1MiB", want: 1 << 20},
		{name: "empty file", file: "# nothing\n", want: 256 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var args []string
			if tt.flag != "" {
				args = append(args, "--cache-memory", tt.flag)
			}
			p, err := parse(t, tt.env, tt.file, args...)
			if err != nil {
				t.Fatal(err)
			}
			if p.CacheMemory != tt.want {
				t.Errorf("CacheMemory = %d; want %d", p.CacheMemory, tt.want)
			}
		})
	}
}

// Every flag has an environment variable and a key.
func TestConfigNames(t *testing.T) {
	_, parser := program(t)
	keys := map[string]bool{}
	for _, key := range fileKeys() {
		keys[key] = true
	}
	for _, flag := range parser.Model.Flags {
		if flag.Name == "help" || flag.Name == "config" {
			continue
		}
		key := strings.ReplaceAll(flag.Name, "-", "_")
		if !keys[key] {
			t.Errorf("--%s has no key %s in the configuration file", flag.Name, key)
		}
		delete(keys, key)
		env := "CISTERN_" + strings.ToUpper(key)
		if flag.Name == "api" {
			env = "CISTERN_API_ADDR" // CISTERN_API is where clients look
		}
		if len(flag.Envs) != 1 || flag.Envs[0] != env {
			t.Errorf("--%s has environment variables %q; want %s", flag.Name, flag.Envs, env)
		}
		if flag.Help == "" {
			t.Errorf("--%s has no help", flag.Name)
		}
	}
	for key := range keys {
		t.Errorf("key %s of the configuration file is no flag", key)
	}
}

func TestLoadFile(t *testing.T) {
	c, err := parse(t, "", `
data: /var/lib/cistern
http: off
api: 127.0.0.1:1
ops: "[::1]:2"
https: off
cache_disk: 0
api_plain_http: true
drain_delay: 5s
drain_timeout: 1m
max_connections_per_address: 20000
log_level: debug
log_format: json
allow_private_origins: 10.0.0.0/8
base_domain: cdn.example.com
`)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Data: "/var/lib/cistern", HTTP: "off", API: "127.0.0.1:1", Ops: "[::1]:2", HTTPS: "off", Link: "off",
		H2: "off", H3: "off", Etcd: "off", Cluster: "off", History: "off", CacheDisk: "off", APIPlainHTTP: true,
		DrainDelay: Duration(5 * time.Second), DrainTimeout: Duration(time.Minute), FillBudget: Duration(time.Minute), LogLevel: Level(slog.LevelDebug), LogFormat: "json", AccessLog: "off",
		BaseDomain: "cdn.example.com", CacheMemory: 256 << 20, MaxConnectionsPerAddress: 20000}
	checkConfig(t, *c, want, "10.0.0.0/8")
}

func TestLoadFileErrors(t *testing.T) {
	tests := []struct {
		name  string
		file  string
		words []string
	}{
		{name: "unknown key", file: "htpp: off", words: []string{"cistern.yaml", `unknown key "htpp"`, "http"}},
		{name: "key written as flag", file: "cache-memory: 1MiB", words: []string{"cistern.yaml", `unknown key "cache-memory"`, "cache_memory"}},
		{name: "the file itself", file: "config: other.yaml", words: []string{"cistern.yaml", `unknown key "config"`}},
		{name: "token", file: "admin_token: abc", words: []string{"cistern.yaml", `unknown key "admin_token"`}},
		{name: "two unknown, the first by name", file: "zz: 1\naa: 2\n", words: []string{`unknown key "aa"`}},
		{name: "list", file: "http: [a]", words: []string{"cistern.yaml", `"http"`, "one plain value"}},
		{name: "map", file: "http: {a: b}", words: []string{"cistern.yaml", `"http"`, "one plain value"}},
		{name: "nothing", file: "http:", words: []string{"cistern.yaml", `"http"`, "one plain value"}},
		{name: "twice", file: "http: off\nhttp: off\n", words: []string{"cistern.yaml", "2:1", `"http"`}},
		{name: "no map", file: "- http", words: []string{"cistern.yaml", "1:1"}},
		{name: "no yaml", file: "a: b: c", words: []string{"cistern.yaml", "1:"}},
		{name: "value", file: "cache_memory: plenty", words: []string{"--cache-memory", "cistern.yaml", "key cache_memory", `"plenty"`, "such as 64MiB"}},
		{name: "value of a choice", file: "log_format: verse", words: []string{"--log-format", "cistern.yaml", "key log_format", `"verse"`}},
		{name: "duration", file: "drain_timeout: soon", words: []string{"cistern.yaml", "key drain_timeout", `"soon"`, "such as 30s"}},
		{name: "number as duration", file: "drain_timeout: 30", words: []string{"cistern.yaml", "key drain_timeout", `"30"`, "such as 30s"}},
		{name: "switch", file: "api_plain_http: maybe", words: []string{"cistern.yaml", "key api_plain_http", `"maybe"`}},
		{name: "name", file: "base_domain: a..b", words: []string{"cistern.yaml", "key base_domain", `"a..b"`}},
		{name: "networks", file: "allow_private_origins: 10.0.0.0/99", words: []string{"cistern.yaml", "key allow_private_origins"}},
		{name: "together", file: "http: off\napi: off\n", words: []string{"--http", "--api"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(t, "", tt.file)
			checkLine(t, err, tt.words)
		})
	}
}

func TestLoadFileUnreadable(t *testing.T) {
	_, parser := program(t)
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	_, err := parser.Parse([]string{"--config", missing})
	checkLine(t, err, []string{"--config", missing, "no such file"})
	dir := t.TempDir()
	_, err = parser.Parse([]string{"--config", dir})
	checkLine(t, err, []string{"--config", dir, "is a directory"})
}

// The help shows what holds without a flag.
func TestHelpShowsDefaults(t *testing.T) {
	_, parser := program(t)
	for _, flag := range parser.Model.Flags {
		if flag.HasDefault && flag.Default != "" && !flag.IsBool() && !strings.Contains(flag.String(), flag.Default) {
			t.Errorf("help shows %s; want it to show the default %s", flag, flag.Default)
		}
	}
}
