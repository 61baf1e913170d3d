package app

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/zone"
)

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

// A Domain is a DNS name in canonical form, or empty.
type Domain string

// UnmarshalText implements encoding.TextUnmarshaler. It refuses what no
// viewer's host would ever end in.
func (d *Domain) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "" {
		*d = ""
		return nil
	}
	name, err := zone.CanonicalHostname(s)
	if _, notIP := netip.ParseAddr(name); err != nil || notIP == nil || strings.HasPrefix(name, "*") {
		return fmt.Errorf("%q: must be a DNS name such as cdn.example.com", s)
	}
	if name != s {
		return fmt.Errorf("%q: write it as %s", s, name)
	}
	*d = Domain(name)
	return nil
}

// A Duration is a length of time from 0, written as "1m30s".
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	n, err := time.ParseDuration(string(text))
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a duration: want numbers with the unit h, m, s or ms, such as 30s or 1m30s", text)
	case n < 0:
		return fmt.Errorf("%q: must not be negative", text)
	}
	*d = Duration(n)
	return nil
}

// A Count is a whole number from 1.
type Count int

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil || n == 0 {
		return fmt.Errorf("%q is not a number: want a whole one from 1, such as 1000", text)
	}
	*c = Count(n)
	return nil
}

// A Format is the form of log lines: "text" or "json".
type Format string

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Format) UnmarshalText(text []byte) error {
	switch s := string(text); s {
	case "text", "json":
		*f = Format(s)
		return nil
	}
	return fmt.Errorf("%q is not a format: want text or json", text)
}
