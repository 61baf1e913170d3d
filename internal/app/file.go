package app

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// A File is the flag that names a configuration file: YAML, one key per flag
// of Config with "_" for "-", as in "cache_memory: 64MiB". A key that is no
// flag is refused. Errors name the file, and the key of a bad value.
type File string

// BeforeResolve makes kong take from the file what neither command line nor
// environment say.
func (File) BeforeResolve(_ *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(File))
	text, err := os.ReadFile(kong.ExpandPath(path))
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	values, err := parseFile(text)
	if err != nil {
		return fmt.Errorf("--config: %s: %w", path, err)
	}
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		key := keyOf(flag.Name)
		value, ok := values[key]
		if !ok || slices.ContainsFunc(flag.Envs, isSet) {
			return nil, nil
		}
		text := fmt.Sprint(value)
		if err := try(flag, text); err != nil {
			return nil, fmt.Errorf("%s: key %s: %w", path, key, err)
		}
		return text, nil
	}))
	return nil
}

// try parses a value as kong will, who would not say where it came from.
func try(flag *kong.Flag, text string) error {
	scratch := reflect.New(flag.Target.Type()).Elem()
	return flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: kong.Scan().PushTyped(text, kong.FlagValueToken)}, scratch)
}

// parseFile returns the values of a configuration file by key.
func parseFile(text []byte) (map[string]any, error) {
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, errors.New(firstLine(yaml.FormatError(err, false, false)))
	}
	known := fileKeys()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("unknown key %q; known are %s", key, strings.Join(known, ", "))
		}
		switch values[key].(type) {
		case map[string]any, []any, nil:
			return nil, fmt.Errorf("key %q must have one plain value", key)
		}
	}
	return values, nil
}

func keyOf(flag string) string { return strings.ReplaceAll(flag, "-", "_") }

func isSet(env string) bool {
	_, ok := os.LookupEnv(env)
	return ok
}

// fileKeys lists the keys of the configuration file.
func fileKeys() (keys []string) {
	for field := range reflect.TypeFor[Config]().Fields() {
		if field.Tag.Get("kong") == "-" {
			continue
		}
		name := field.Tag.Get("name")
		if name == "" {
			name = strings.ToLower(field.Name)
		}
		keys = append(keys, keyOf(name))
	}
	return keys
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
