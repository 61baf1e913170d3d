package zone

import (
	"errors"
	"net/netip"
	"testing"
)

func TestAddressPolicy(t *testing.T) {
	const ok, private, never = "ok", "private", "never"
	tests := []struct {
		addr            string
		all, none, some string // some: 10.1.0.0/16,fd12::/16
	}{
		{"192.0.2.1", ok, ok, ok},
		{"2001:db8::1", ok, ok, ok},
		{"10.1.2.3", ok, private, ok},
		{"10.2.2.3", ok, private, private},
		{"127.0.0.1", ok, private, private},
		{"::1", ok, private, private},
		{"172.31.255.255", ok, private, private},
		{"172.32.0.0", ok, ok, ok},
		{"192.168.1.1", ok, private, private},
		{"100.64.0.1", ok, private, private},
		{"fd12::1", ok, private, ok},
		{"fd13::1", ok, private, private},
		{"::ffff:10.1.2.3", ok, private, ok},
		{"::ffff:127.0.0.1", ok, private, private},
		{"64:ff9b::a01:203", ok, private, ok},
		{"64:ff9b::c000:201", ok, ok, ok},
		{"64:ff9b:1::7f00:1", ok, private, private},

		{"169.254.169.254", never, never, never},
		{"::ffff:169.254.169.254", never, never, never},
		{"64:ff9b::a9fe:a9fe", never, never, never},
		{"fe80::1", never, never, never},
		{"fe80::1%eth0", never, never, never},
		{"fd00:ec2::254", never, never, never},
		{"100.100.100.200", never, never, never},
		{"168.63.129.16", never, never, never},
		{"0.0.0.0", never, never, never},
		{"0.1.2.3", never, never, never},
		{"::", never, never, never},
		{"224.0.0.1", never, never, never},
		{"ff02::1", never, never, never},
		{"240.0.0.1", never, never, never},
		{"255.255.255.255", never, never, never},
	}
	check := func(p AddressPolicy, addr string) string {
		var e *AddressError
		switch err := p.Check(netip.MustParseAddr(addr)); {
		case err == nil:
			return ok
		case errors.As(err, &e) && e.Private:
			return private
		}
		return never
	}
	for _, tt := range tests {
		for text, want := range map[string]string{"all": tt.all, "none": tt.none, "10.1.0.0/16,fd12::/16": tt.some} {
			p, err := ParseAddressPolicy(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := check(p, tt.addr); got != want {
				t.Errorf("%s: Check(%s) = %s; want %s", text, tt.addr, got, want)
			}
			if p.String() != text {
				t.Errorf("String() = %q; want %q", p.String(), text)
			}
		}
	}
	if err := (AddressPolicy{}).Check(netip.Addr{}); err == nil {
		t.Error("Check(zero address) = nil; want an error")
	}
}

func TestParseAddressPolicyRefuses(t *testing.T) {
	for _, s := range []string{"", "some", "10.0.0.0", "10.0.0.0/8,", "10.0.0.0/40", "all,10.0.0.0/8", "::ffff:10.0.0.0/104"} {
		if p, err := ParseAddressPolicy(s); err == nil {
			t.Errorf("ParseAddressPolicy(%q) = %v; want an error", s, p)
		}
	}
}
