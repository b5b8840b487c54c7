// Package entratest is a test kit.
package entratest
