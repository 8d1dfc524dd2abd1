// Follows the link that the sign-in page shows to somebody whom the identity provider has just vouched for.

document.getElementById("redraft-enter")?.click();
