// Package api holds the contract of the REST API. errors.yaml has every error
// code; the catalogue in internal/spec/catalog and the page docs/errors.md are
// generated from it.
package api

//go:generate go run ./gen ..
