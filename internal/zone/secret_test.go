package zone

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// No way of printing may show a secret, however deep it lies in a value.
func TestSecretNeverPrinted(t *testing.T) {
	const planted = "wJalrXUtnFEMI"
	c := Credential{AccessKey: "AKIA", Secret: NewSecret(planted), Token: NewSecret(planted)}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", &c)
		fmt.Fprintf(&out, verb+"\n", c.Secret)
	}
	if err := json.NewEncoder(&out).Encode(c); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "credential", c, "secret", c.Secret)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "credential", c, "secret", c.Secret)
	if hex := fmt.Sprintf("%x", planted); strings.Contains(out.String(), planted) || strings.Contains(out.String(), hex) {
		t.Errorf("printed secret:\n%s", &out)
	}
	if err := json.Unmarshal([]byte(`"x"`), &c.Secret); err == nil {
		t.Error("Unmarshal into a secret = nil; want an error")
	}
	if !c.Secret.Equal(c.Token) || c.Secret.Equal(Secret{}) || (Secret{}).IsZero() == c.Secret.IsZero() {
		t.Error("Equal or IsZero is wrong")
	}
}
