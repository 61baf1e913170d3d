package zone

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// An AddressPolicy says to which addresses an origin may be dialled. Some are
// refused always, such as those of cloud metadata; private ones are as the
// operator wants. The zero value allows all private addresses. A policy is
// immutable and safe for concurrent use.
type AddressPolicy struct {
	only    bool           // private addresses in allowed only
	allowed []netip.Prefix // unmapped
}

// ParseAddressPolicy reads the operator's word: "all", "none", or a list of
// networks, "10.1.0.0/16,fd12::/16", from which private addresses may be
// used.
func ParseAddressPolicy(s string) (AddressPolicy, error) {
	switch s {
	case "all":
		return AddressPolicy{}, nil
	case "none":
		return AddressPolicy{only: true}, nil
	}
	p := AddressPolicy{only: true}
	for part := range strings.SplitSeq(s, ",") {
		n, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return AddressPolicy{}, fmt.Errorf("parse private origins %q: want all, none, or networks such as 10.0.0.0/8,fd00::/8", s)
		}
		if n.Addr().Is4In6() {
			return AddressPolicy{}, fmt.Errorf("parse private origins %q: write %s as an IPv4 network", s, n)
		}
		p.allowed = append(p.allowed, n.Masked())
	}
	return p, nil
}

// String returns the policy in the form that ParseAddressPolicy reads.
func (p AddressPolicy) String() string {
	switch {
	case !p.only:
		return "all"
	case len(p.allowed) == 0:
		return "none"
	}
	parts := make([]string, len(p.allowed))
	for i, n := range p.allowed {
		parts[i] = n.String()
	}
	return strings.Join(parts, ",")
}

// An AddressError reports an address that the policy refuses.
type AddressError struct {
	Addr netip.Addr
	// Private is true if the operator's policy refuses it, false if nothing
	// can allow it.
	Private bool
}

// Error names the address and the reason.
func (e *AddressError) Error() string {
	if e.Private {
		return fmt.Sprintf("check address %s: private, and not allowed by allow_private_origins", e.Addr)
	}
	return fmt.Sprintf("check address %s: link-local, metadata of a cloud or no address of a host, and never fetched from", e.Addr)
}

// Check returns nil if a may be dialled, else an *AddressError. The address
// is the one that is really dialled, after DNS. IPv4 addresses inside IPv6
// ones are judged as what they are.
func (p AddressPolicy) Check(a netip.Addr) error {
	in := unwrap(a)
	if !in.IsValid() || in.IsMulticast() || within(in, never()) {
		return &AddressError{Addr: a}
	}
	if p.only && within(in, private()) && !within(in, p.allowed) {
		return &AddressError{Addr: a, Private: true}
	}
	return nil
}

// unwrap returns the IPv4 address inside an IPv4-mapped (RFC 4291, 2.5.5.2)
// or NAT64 one (RFC 6052, RFC 8215, both with 96 bits of prefix).
func unwrap(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	if within(a, []netip.Prefix{cidr("64:ff9b::/96"), cidr("64:ff9b:1::/48")}) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// never holds what nothing can allow: link-local and cloud metadata, and what
// is no address of a host.
func never() []netip.Prefix {
	return []netip.Prefix{
		cidr("169.254.0.0/16"), cidr("fe80::/10"),
		cidr("fd00:ec2::/32"), cidr("100.100.100.200/32"), cidr("168.63.129.16/32"),
		cidr("0.0.0.0/8"), cidr("::/128"), cidr("240.0.0.0/4"),
	}
}

// private holds what the operator rules.
func private() []netip.Prefix {
	return []netip.Prefix{
		cidr("127.0.0.0/8"), cidr("::1/128"),
		cidr("10.0.0.0/8"), cidr("172.16.0.0/12"), cidr("192.168.0.0/16"),
		cidr("100.64.0.0/10"), cidr("fc00::/7"),
	}
}

func cidr(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func within(a netip.Addr, nets []netip.Prefix) bool {
	return slices.ContainsFunc(nets, func(n netip.Prefix) bool { return n.Contains(a) })
}
