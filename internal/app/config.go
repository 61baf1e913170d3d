package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/zone"
)

// A Config holds the process settings of `cistern serve`: flags, environment
// variables and keys of the configuration file have the same names. Settings
// of zones are not here; they are made through the API.
type Config struct {
	Data string `default:"cistern-data" placeholder:"DIR" help:"Directory of all state: configuration, keys, tokens. Made if missing."`

	HTTP  Address  `name:"http" default:":8080" help:"Edge, plain HTTP: ADDR or off."`
	HTTPS Disabled `name:"https" default:"off" help:"Edge, TLS: only off in this version."`
	API   Address  `name:"api" env:"CISTERN_API_ADDR" default:"127.0.0.1:7480" help:"REST API: ADDR or off."`
	Ops   Address  `name:"ops" default:"127.0.0.1:7481" help:"/healthz, /readyz and /metrics: ADDR or off."`
	Link  Disabled `name:"link" default:"off" help:"Stream for remote edges: only off in this version."`

	H2      Disabled `name:"h2" env:"CISTERN_H2" hidden:"" default:"off" help:"HTTP/2: only off in this version."`
	H3      Disabled `name:"h3" env:"CISTERN_H3" hidden:"" default:"off" help:"HTTP/3: only off in this version."`
	Etcd    Disabled `name:"etcd" hidden:"" default:"off" help:"An etcd cluster instead of the embedded store: only off in this version."`
	Cluster Disabled `name:"cluster" hidden:"" default:"off" help:"Several embedded members: only off in this version."`
	History Disabled `name:"history" hidden:"" default:"off" help:"Audit log and reports: only off in this version."`

	APICert      string `name:"api-cert" placeholder:"FILE" help:"Certificate chain (PEM) to serve the API over TLS."`
	APIKey       string `name:"api-key" placeholder:"FILE" help:"Private key (PEM) of --api-cert."`
	APIPlainHTTP bool   `name:"api-plain-http" help:"Permit the API without TLS on an address that is not loopback."`

	BaseDomain   string        `name:"base-domain" default:"localhost" placeholder:"NAME" help:"Every zone is also served as <id>.NAME."`
	DrainTimeout time.Duration `name:"drain-timeout" default:"30s" help:"Upper bound of a graceful stop."`
	FillBudget   time.Duration `name:"fill-budget" default:"60s" help:"Bound of all attempts of one fetch up to the response header."`

	AllowPrivateOrigins Addresses `name:"allow-private-origins" default:"all" placeholder:"all|none|CIDR,…" help:"Private addresses that may be origins."`

	CacheMemory Size     `name:"cache-memory" default:"256MiB" help:"RAM tier of the cache; 0 disables it."`
	CacheDisk   Disabled `name:"cache-disk" default:"off" help:"Disk tier of the cache: only off (0) in this version."`

	LogFormat string `name:"log-format" enum:"text,json" default:"text" help:"text or json."`
	LogLevel  Level  `name:"log-level" default:"info" help:"debug, info, warn or error."`
	AccessLog string `name:"access-log" default:"off" placeholder:"FILE|-|off" help:"One line per viewer request: to FILE, to standard output (-), or off."`

	// AdminToken is the first owner token; empty: one is generated. It comes
	// from the environment only, as others can read a command line.
	AdminToken string `kong:"-"`
}

// Validate checks what no single value can tell. Its errors name the flag.
func (c *Config) Validate() error {
	if c.Data == "" {
		return errors.New("--data is empty: name a directory")
	}
	if (c.APICert == "") != (c.APIKey == "") {
		return errors.New("--api-cert and --api-key go together: give both or none")
	}
	if !c.API.Off() && c.APICert == "" && !c.APIPlainHTTP && !c.API.loopback() {
		return fmt.Errorf("--api %s is not a loopback address, and tokens would travel in the clear: give --api-cert and --api-key, or --api-plain-http if a proxy before it speaks TLS", c.API)
	}
	if c.API.Off() && c.HTTP.Off() {
		return errors.New("--http and --api are both off: nothing would be served")
	}
	if err := c.checkBaseDomain(); err != nil {
		return err
	}
	if c.DrainTimeout < 0 {
		return fmt.Errorf("--drain-timeout %v: must not be negative", c.DrainTimeout)
	}
	if c.FillBudget <= 0 {
		return fmt.Errorf("--fill-budget %v: must be positive", c.FillBudget)
	}
	return nil
}

// checkBaseDomain refuses what no viewer's host would ever be equal to.
func (c *Config) checkBaseDomain() error {
	if c.BaseDomain == "" {
		return nil
	}
	name, err := zone.CanonicalHostname(c.BaseDomain)
	if _, notIP := netip.ParseAddr(name); err != nil || notIP == nil || strings.HasPrefix(name, "*") {
		return fmt.Errorf("--base-domain %q: must be a DNS name such as cdn.example.com", c.BaseDomain)
	}
	if name != c.BaseDomain {
		return fmt.Errorf("--base-domain %q: write it as %s", c.BaseDomain, name)
	}
	return nil
}

// An Address is host:port, where the host may be left out for all addresses,
// or "off".
type Address string

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Address) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "off" {
		*a = "off"
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not an address: want HOST:PORT, :PORT or off", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has no port from 0 to 65535", s)
	}
	if host != "" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			return fmt.Errorf("%q is not an IP address with a port", s)
		}
	}
	*a = Address(s)
	return nil
}

// Off reports whether nothing listens.
func (a Address) Off() bool { return a == "off" || a == "" }

func (a Address) loopback() bool {
	host, _, err := net.SplitHostPort(string(a))
	if err != nil || host == "" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Disabled is a setting whose part of the program does not exist yet.
type Disabled string

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Disabled) UnmarshalText(text []byte) error {
	switch string(text) {
	case "off", "0":
		*d = "off"
		return nil
	}
	return fmt.Errorf("%q is not built in this version: only off is accepted", text)
}

// A Size is a number of bytes, written with a binary unit: "64MiB", "2GiB".
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (z *Size) UnmarshalText(text []byte) error {
	s := string(text)
	digits := strings.TrimRight(s, "KMGTiB")
	unit := s[len(digits):]
	shift, ok := map[string]uint{"": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}[unit]
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || !ok || n > 1<<62>>shift {
		return fmt.Errorf("%q is not a size: want a whole number of bytes with an optional unit KiB, MiB, GiB or TiB, such as 64MiB", s)
	}
	*z = Size(n << shift)
	return nil
}

// A Level is the least severe kind of line that is logged.
type Level slog.Level

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "debug", "info", "warn", "error":
		return (*slog.Level)(l).UnmarshalText(text)
	}
	return fmt.Errorf("%q is not a level: want debug, info, warn or error", text)
}

// Level implements slog.Leveler.
func (l Level) Level() slog.Level { return slog.Level(l) }

// Addresses is a zone.AddressPolicy as a setting.
type Addresses struct{ zone.AddressPolicy }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Addresses) UnmarshalText(text []byte) (err error) {
	a.AddressPolicy, err = zone.ParseAddressPolicy(string(text))
	return err
}
